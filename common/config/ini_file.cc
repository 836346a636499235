#include "common/config/ini_file.h"

#include <ini.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>

#include "common/config/errors.h"
#include "common/python/text.h"

namespace ssync {
namespace {

constexpr std::string_view kWhiteSpace = " \t\n\r\v\f";
constexpr std::string_view kDefaultSection = "DEFAULT";
// inih silently truncates section names to 49 bytes.
constexpr std::size_t kMaxSectionName = 49;
constexpr int kMaxLine = 1 << 20;
constexpr int kMaxInterpolationDepth = 10;  // configparser.MAX_INTERPOLATION_DEPTH

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};
struct FreeMemory {
  void operator()(char* memory) const noexcept { std::free(memory); }
};

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte == '\n') {
      out += "\\n";
    } else if (byte < 0x20 || byte == 0x7f) {
      constexpr std::string_view kDigits = "0123456789abcdef";
      out += "\\x";
      out += kDigits[byte >> 4U];
      out += kDigits[byte & 0xfU];
    } else {
      out += c;
    }
  }
  return out;
}

void interpolate_into(std::string& out, std::string_view rest, const IniOption& option,
                      const IniSection& scope, int depth) {
  if (depth > kMaxInterpolationDepth) {
    throw bad_option(option, "'%(...)s' refers to itself or is nested too deeply; write out the value");
  }
  while (!rest.empty()) {
    const std::size_t percent = std::min(rest.find('%'), rest.size());
    out += rest.substr(0, percent);
    rest.remove_prefix(percent);
    if (rest.empty()) return;
    if (rest.starts_with("%%")) {
      out += '%';
      rest.remove_prefix(2);
      continue;
    }
    const std::size_t end = rest.find(')');
    if (!rest.starts_with("%(") || end == std::string_view::npos || end == 2 ||
        rest.substr(end + 1, 1) != "s") {
      throw bad_option(option, "'%' must be followed by '%' or '(name)s'; write '%%' for a '%'");
    }
    const std::string name = python::lower_ascii(rest.substr(2, end - 2));
    rest.remove_prefix(end + 2);
    const auto other = scope.find(name);
    if (other == scope.end()) {
      throw bad_option(option, "'%(" + name + ")s' is not an option of this section or of [DEFAULT]");
    }
    if (other->second.value.find('%') == std::string::npos) {
      out += other->second.value;
    } else {
      interpolate_into(out, other->second.value, option, scope, depth + 1);
    }
  }
}

}  // namespace

// Feeds inih line by line. Exceptions must not pass through inih's C code, so the first error is kept until
// the parser has returned.
class IniReader {
 public:
  IniReader(IniFile& target, IniDuplicates duplicates, std::FILE* file)
      : target_(target), duplicates_(duplicates), file_(file) {}

  void read() {
    // Debian's inih lets a program change these limits at run time. next_line() checks the size of its
    // buffer, so an inih without this feature gives an error instead of a truncated value.
    ini_use_stack = false;
    ini_allow_realloc = false;
    ini_initial_alloc = kMaxLine;
    ini_max_line = kMaxLine;
    ini_allow_inline_comments = false;
    const int result = ini_parse_stream(&IniReader::line_callback, this, &IniReader::option_callback, this);
    if (error_) throw ConfigError(*error_);
    if (result > 0) {
      throw ConfigError(target_.path_ + ":" + std::to_string(result) +
                        ": neither a [section] nor an option; write 'name = value'");
    }
    if (result < 0) throw ConfigError(target_.path_ + ": out of memory");
  }

 private:
  static char* line_callback(char* buffer, int size, void* self) {
    auto* reader = static_cast<IniReader*>(self);
    return reader->error_ ? nullptr : reader->next_line(buffer, size);
  }

  static int option_callback(void* self, const char* section, const char* name, const char* value) {
    auto* reader = static_cast<IniReader*>(self);
    return !reader->error_ && reader->take_option(section, name, value) ? 1 : 0;
  }

  char* fail(std::string_view problem) {
    error_ = target_.path_ + ":" + std::to_string(line_number_) + ": " + std::string(problem);
    return nullptr;
  }

  // Gives inih the next line. inih treats any indented line as a continuation, Python only one that is
  // indented more than its option; the indentation of other lines is removed here.
  char* next_line(char* buffer, int size) {
    char* raw = nullptr;
    std::size_t capacity = 0;
    errno = 0;
    const ssize_t length = getline(&raw, &capacity, file_);
    const std::unique_ptr<char, FreeMemory> owner(raw);
    ++line_number_;
    if (length < 0) {
      return std::ferror(file_) == 0 ? nullptr : fail(std::string("cannot be read: ") + std::strerror(errno));
    }
    std::string_view line(raw, static_cast<std::size_t>(length));
    if (line.find('\0') != std::string_view::npos) return fail("contains a NUL byte; remove it");
    const std::size_t indent = std::min(line.find_first_not_of(kWhiteSpace), line.size());
    const std::string_view text = python::strip(line);
    continuation_ = false;
    if (text.empty()) {
      ++blank_lines_;
      line = "\n";
    } else if (text[0] == '#' || text[0] == ';') {
      line = "\n";
    } else if (last_ != nullptr && indent > option_indent_) {
      continuation_ = true;
    } else {
      option_indent_ = indent;
      line.remove_prefix(indent);
      if (text[0] == '[' && !start_section(text)) return nullptr;
    }
    if (line.size() >= static_cast<std::size_t>(size)) {
      return fail("line is longer than " + std::to_string(size - 1) +
                  " bytes; continue the value on indented lines");
    }
    std::memcpy(buffer, line.data(), line.size());
    buffer[line.size()] = '\0';
    return buffer;
  }

  bool start_section(std::string_view text) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos || end == 1) {
      fail("section name must be enclosed in '[' and ']'");
      return false;
    }
    const std::string name(text.substr(1, end - 1));
    if (name.size() > kMaxSectionName) {
      fail("section name is longer than " + std::to_string(kMaxSectionName) + " bytes; shorten it");
      return false;
    }
    last_ = nullptr;
    in_section_ = true;
    if (name != kDefaultSection) {
      const bool seen = target_.sections_.contains(name);
      if (seen && duplicates_ == IniDuplicates::refuse) {
        fail("duplicate section [" + name + "]; merge the two");
        return false;
      }
      if (!seen) target_.order_.push_back(name);
    }
    target_.sections_.try_emplace(name);
    return true;
  }

  bool take_option(std::string_view section, std::string_view raw_name, std::string_view value) {
    if (continuation_) {
      last_->value.append(blank_lines_ + 1, '\n').append(value);
      blank_lines_ = 0;
      return true;
    }
    const std::string name = python::lower_ascii(raw_name);
    if (!in_section_ || name.empty()) {
      fail(name.empty() ? "option without a name; write 'name = value'"
                        : "option before the first [section]; move it into one");
      return false;
    }
    IniOption& option = target_.sections_[std::string(section)][name];
    if (!option.name.empty() && duplicates_ == IniDuplicates::refuse) {
      fail("duplicate option '" + name + "' in [" + std::string(section) + "]; remove one");
      return false;
    }
    option = IniOption{target_.path_, std::string(section), name, std::string(value)};
    last_ = &option;
    blank_lines_ = 0;
    return true;
  }

  IniFile& target_;
  IniDuplicates duplicates_;
  std::FILE* file_;
  int line_number_ = 0;
  std::size_t option_indent_ = 0;
  std::size_t blank_lines_ = 0;  // since the last line of a value: part of it if the value continues
  bool continuation_ = false;
  bool in_section_ = false;
  IniOption* last_ = nullptr;
  std::optional<std::string> error_;
};

IniFile::IniFile(std::string path, IniDuplicates duplicates, std::string_view remedy)
    : path_(std::move(path)) {
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path_.c_str(), "re"));
  if (!file) {
    throw ConfigError(path_ + ": cannot be read: " + std::strerror(errno) + "; " + std::string(remedy));
  }
  IniReader(*this, duplicates, file.get()).read();
}

const IniSection& IniFile::own_options(const std::string& section) const {
  static const IniSection none;
  const auto found = sections_.find(section);
  return found == sections_.end() ? none : found->second;
}

IniSection IniFile::options(const std::string& section, IniInterpolation interpolation) const {
  if (!sections_.contains(section)) return {};
  IniSection scope = own_options(section);
  const IniSection& defaults = own_options(std::string(kDefaultSection));
  scope.insert(defaults.begin(), defaults.end());
  return interpolate(scope, interpolation);
}

IniSection interpolate(const IniSection& scope, IniInterpolation interpolation) {
  IniSection result = scope;
  for (auto& [name, option] : result) {
    const IniOption& raw = scope.at(name);
    if (interpolation == IniInterpolation::lenient && raw.value.find("%(") == std::string::npos) {
      continue;
    }
    option.value.clear();
    interpolate_into(option.value, raw.value, raw, scope, 1);
  }
  return result;
}

ConfigError bad_option(const IniOption& option, std::string_view problem_and_remedy) {
  return ConfigError{option.file + ": [" + option.section + "] " + option.name + " = " +
                     one_line(option.value) + ": " + one_line(problem_and_remedy)};
}

}  // namespace ssync
