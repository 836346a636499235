// INI files, read with inih the way Python's ConfigParser reads them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/errors.h"

namespace ssync {

struct IniOption {
  std::string file;
  std::string section;
  std::string name;
  std::string value;  // bytes as in the file; the lines of a continued value are joined with '\n'
};

// Options by name.
using IniSection = std::map<std::string, IniOption>;

// How to treat a duplicate option in a section.
enum class IniDuplicates { last_wins, refuse };

// ConfigParser.optionxform: str.lower by default, str for PasteDeploy.
enum class IniNames { lower_case, as_written };

// What is stripped around sections, names and values. unicode: what str.strip() does of UTF-8, e.g. no-break
// spaces; ascii: for files with values that are bytes of no encoding.
enum class IniWhiteSpace { ascii, unicode };

// How a kind of file is read.
struct IniRules {
  IniDuplicates duplicates;
  IniNames names;
  IniWhiteSpace white_space;
};

// How to interpolate '%' in values.
enum class IniInterpolation {
  basic,   // ConfigParser's default: '%%' is '%', '%(name)s' another option, a lone '%' an error
  lenient  // the same, but only in values that contain '%(' (swift.common.utils.NicerInterpolation)
};

// The sections and options of a file, or of several that are read as one. Names of sections are
// case-sensitive.
// As in Python, a comment cannot follow a value on its line. Bounds: 16 MiB in total, 1 MiB in a line.
class IniFile {
 public:
  // Reads the file. Throws ConfigError with file and line for a syntax error, and ending with `remedy` for a
  // file that cannot be read.
  IniFile(std::string path, IniRules rules, std::string_view remedy);

  // Reads the directory's files *.conf in the order of their names, later ones over earlier ones
  // (swift.common.utils.read_conf_dir). As there, a file that cannot be read is skipped; it gets a line in
  // `skipped`. Throws ConfigError like the constructor.
  static IniFile of_directory(std::string path, IniRules rules, std::string_view remedy,
                              std::vector<std::string>& skipped);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // Names of all sections except [DEFAULT], in the file's order, including empty ones.
  [[nodiscard]] const std::vector<std::string>& sections() const noexcept { return order_; }
  // The options in the section itself, without [DEFAULT]; empty if there is no such section.
  [[nodiscard]] const IniSection& own_options(const std::string& section) const;
  // The section's options merged over those of [DEFAULT], with '%' interpolated: dict(conf.items(section)).
  // Empty if there is no such section. Throws ConfigError for bad interpolation syntax.
  [[nodiscard]] IniSection options(const std::string& section, IniInterpolation interpolation) const;

 private:
  friend class IniReader;
  IniFile(std::string path, IniRules rules);

  std::string path_;
  IniRules rules_;
  std::vector<std::string> order_;
  std::map<std::string, IniSection> sections_;
};

// The option's value with '%' interpolated; names in '%(name)s' are looked up in `scope`, in lower case if
// `names` says so. Throws ConfigError, also for a value that would become longer than 1 MiB.
std::string interpolate(const IniOption& option, const IniSection& scope, IniInterpolation interpolation,
                        IniNames names);

// The value, or "(not shown)" of an option that is a secret by its name: salts, passwords, and what Swift
// hashes names with. What is printed ends up in tickets.
std::string printable_value(const IniOption& option);

// An operator's mistake as one line: `FILE: [SECTION] NAME = VALUE: problem_and_remedy`. Control characters
// in the value are escaped, and secrets are not shown.
ConfigError bad_option(const IniOption& option, std::string_view problem_and_remedy);

// Text as one line: control characters are escaped.
std::string one_line(std::string_view text);

}  // namespace ssync
