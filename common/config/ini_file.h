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
  std::string name;   // lower case
  std::string value;  // bytes as in the file; the lines of a continued value are joined with '\n'
};

// Options by name.
using IniSection = std::map<std::string, IniOption>;

// How to treat a duplicate option in a section.
enum class IniDuplicates { last_wins, refuse };

// How to interpolate '%' in values.
enum class IniInterpolation {
  basic,   // ConfigParser's default: '%%' is '%', '%(name)s' another option, a lone '%' an error
  lenient  // the same, but only in values that contain '%(' (swift.common.utils.NicerInterpolation)
};

// A file's sections and options. Names of options are case-insensitive, those of sections are not.
// As in Python, a comment cannot follow a value on its line. A file with a line or name that inih would
// truncate silently is refused.
class IniFile {
 public:
  // Reads the file. Throws ConfigError with file and line for a syntax error, and ending with `remedy` for a
  // file that cannot be read.
  IniFile(std::string path, IniDuplicates duplicates, std::string_view remedy);

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
  std::string path_;
  std::vector<std::string> order_;
  std::map<std::string, IniSection> sections_;
};

// `scope` with '%' interpolated in each value; names in '%(name)s' are looked up in `scope`.
// Throws ConfigError.
IniSection interpolate(const IniSection& scope, IniInterpolation interpolation);

// An operator's mistake as one line: `FILE: [SECTION] NAME = VALUE: problem_and_remedy`. Control characters
// in the value are escaped.
ConfigError bad_option(const IniOption& option, std::string_view problem_and_remedy);

}  // namespace ssync
