// INI files as Python's ConfigParser reads them, by way of inih.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/errors.h"

namespace ssync {

struct IniOption {
  std::string file;
  std::string section;
  std::string name;   // lower case
  std::string value;  // bytes as in the file; the lines of a continued value are joined with '\n'
};

// Options by name.
using IniSection = std::map<std::string, IniOption>;

// What an option given twice in one section means.
enum class IniDuplicates { last_wins, refuse };

// Which '%' are special in values.
enum class IniInterpolation {
  basic,   // ConfigParser's default: '%%' is '%', '%(name)s' another option, a lone '%' an error
  lenient  // the same, but only for values with '%(' in them (swift.common.utils.NicerInterpolation)
};

// A file's sections and options. Names of options are case-insensitive, those of sections are not.
// There are no comments behind values, as in Python. Where inih would change a value without a
// word (a line or name beyond its limits) the file is refused.
class IniFile {
 public:
  // Reads the file. Throws ConfigError that names file and line for what does not parse, and with
  // `remedy` at its end for a file that cannot be read.
  IniFile(std::string path, IniDuplicates duplicates, std::string_view remedy);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // Names of the sections but [DEFAULT], in the file's order, those without options too.
  [[nodiscard]] const std::vector<std::string>& sections() const noexcept { return order_; }
  // The options in the section itself; empty without such a section.
  [[nodiscard]] const IniSection& own_options(const std::string& section) const;
  // The section's options over those of [DEFAULT], '%' interpolated: dict(conf.items(section)).
  // Empty without such a section. Throws ConfigError for bad interpolation syntax.
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

// The operator's mistake in one line: `FILE: [SECTION] NAME = VALUE: problem_and_remedy`. Control
// characters in the value are escaped.
ConfigError bad_option(const IniOption& option, std::string_view problem_and_remedy);

}  // namespace ssync
