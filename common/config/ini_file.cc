#include "common/config/ini_file.h"

#include <ini.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "common/config/errors.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/python/text.h"

namespace ssync {
namespace {

constexpr std::string_view kDefaultSection = "DEFAULT";
constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr int kMaxLine = 1 << 20;
constexpr std::size_t kMaxTotal = std::size_t{16} << 20U;
constexpr std::size_t kMaxFiles = 10000;
constexpr std::size_t kMaxInterpolated = 1 << 20;
constexpr int kMaxSubstitutions = 10000;
constexpr int kMaxInterpolationDepth = 10;  // configparser.MAX_INTERPOLATION_DEPTH

struct CloseFile {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

ConfigError cannot_be_read(const std::string& path, int error, std::string_view remedy) {
  return ConfigError{one_line(path) + ": cannot be read: " + std::strerror(error) + "; " +
                     std::string(remedy)};
}

// The file's bytes, at most one more than kMaxTotal. An error number for a file that cannot be read.
std::variant<std::string, int> read_file(const std::string& path) {
  // A path from another file may contain what the system would take for its end.
  if (path.find('\0') != std::string::npos) return ENOENT;
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
  if (!file) return errno;
  std::string text;
  std::array<char, 65536> buffer{};
  while (text.size() <= kMaxTotal) {
    const std::size_t length = std::fread(buffer.data(), 1, buffer.size(), file.get());
    if (length == 0) {
      if (std::ferror(file.get()) != 0) return errno;
      break;
    }
    text.append(buffer.data(), length);
  }
  return text;
}

// One value's substitutions, so that a few short options cannot grow without bound.
class Interpolation {
 public:
  Interpolation(const IniOption& option, const IniSection& scope, IniNames names)
      : option_(option), scope_(scope), names_(names) {}

  std::string run() {
    append(option_.value, 1);
    return std::move(out_);
  }

 private:
  void append(std::string_view rest, int depth) {
    if (depth > kMaxInterpolationDepth) {
      throw bad_option(option_, "'%(...)s' refers to itself or is nested too deeply; write out the value");
    }
    while (!rest.empty()) {
      const std::size_t percent = std::min(rest.find('%'), rest.size());
      append_text(rest.substr(0, percent));
      rest.remove_prefix(percent);
      if (rest.empty()) return;
      if (rest.starts_with("%%")) {
        append_text("%");
        rest.remove_prefix(2);
        continue;
      }
      const std::size_t end = rest.find(')');
      if (!rest.starts_with("%(") || end == std::string_view::npos || end == 2 ||
          rest.substr(end + 1, 1) != "s") {
        throw bad_option(option_, "'%' must be followed by '%' or '(name)s'; write '%%' for a '%'");
      }
      substitute(std::string(rest.substr(2, end - 2)), depth);
      rest.remove_prefix(end + 2);
    }
  }

  void substitute(std::string name, int depth) {
    if (names_ == IniNames::lower_case) name = python::lower_ascii(name);
    const auto other = scope_.find(name);
    if (other == scope_.end()) {
      throw bad_option(option_, "'%(" + name + ")s' is not an option of this section or of [DEFAULT]");
    }
    if (++substitutions_ > kMaxSubstitutions) throw too_long();
    if (other->second.value.find('%') == std::string::npos) {
      append_text(other->second.value);
    } else {
      append(other->second.value, depth + 1);
    }
  }

  void append_text(std::string_view text) {
    if (out_.size() + text.size() > kMaxInterpolated) throw too_long();
    out_ += text;
  }

  [[nodiscard]] ConfigError too_long() const {
    return bad_option(option_, "becomes too long with its '%(...)s'; write out the value");
  }

  const IniOption& option_;
  const IniSection& scope_;
  IniNames names_;
  std::string out_;
  int substitutions_ = 0;
};

}  // namespace

// Feeds inih line by line. Exceptions must not pass through inih's C code, so the first error is kept until
// the parser has returned.
class IniReader {
 public:
  IniReader(IniFile& target, std::string path, std::string_view text)
      : target_(target), rules_(target.rules_), path_(std::move(path)), text_(text) {}

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
      throw ConfigError(one_line(path_) + ":" + std::to_string(result) +
                        ": neither a [section] nor an option; write 'name = value'");
    }
    if (result < 0) throw ConfigError(one_line(path_) + ": out of memory");
  }

 private:
  static char* line_callback(char* buffer, int size, void* self) {
    auto* reader = static_cast<IniReader*>(self);
    return reader->error_ ? nullptr : reader->next_line(buffer, size);
  }

  static int option_callback(void* self, const char* /*section*/, const char* name, const char* value) {
    auto* reader = static_cast<IniReader*>(self);
    return !reader->error_ && reader->take_option(name, value) ? 1 : 0;
  }

  char* fail(std::string_view problem) {
    error_ = one_line(path_) + ":" + std::to_string(line_number_) + ": " + one_line(problem);
    return nullptr;
  }

  [[nodiscard]] std::string_view strip(std::string_view text) const {
    return rules_.white_space == IniWhiteSpace::ascii ? python::strip(text) : python::strip_utf8(text);
  }

  // The next line without its end, which is any that Python knows: \n, \r or both.
  std::optional<std::string_view> take_line() {
    if (text_.empty()) return std::nullopt;
    const std::size_t end = std::min(text_.find_first_of("\r\n"), text_.size());
    const std::string_view line = text_.substr(0, end);
    text_.remove_prefix(std::min(end + (text_.substr(end, 2) == "\r\n" ? 2U : 1U), text_.size()));
    return line;
  }

  // Gives inih the next line, without sections, whose names it would cut off at 49 bytes. inih treats any
  // indented line as a continuation, Python only one that is indented more than its option: a line gets
  // an indentation here only if it is a continuation.
  char* next_line(char* buffer, int size) {
    const auto line = take_line();
    if (!line) return nullptr;
    ++line_number_;
    if (line->find('\0') != std::string_view::npos) return fail("contains a NUL byte; remove it");
    if (line_number_ == 1 && line->starts_with(kByteOrderMark)) {
      return fail("begins with a byte order mark, which Swift refuses as well; remove it");
    }
    const std::string_view text = strip(*line);
    // In bytes, where Python counts characters: both are 0 where there is none.
    const auto indent = static_cast<std::size_t>(text.data() - line->data());
    continuation_ = false;
    std::string given;
    if (text.empty()) {
      ++blank_lines_;
    } else if (text[0] == '#' || text[0] == ';') {
      // Leaves the blank lines of a value as they are.
    } else if (last_ != nullptr && indent > option_indent_) {
      continuation_ = true;
      given.append(" ").append(text);
    } else {
      option_indent_ = indent;
      if (text[0] != '[') {
        given = text;
      } else if (!start_section(text)) {
        return nullptr;
      }
    }
    given += '\n';
    if (given.size() >= static_cast<std::size_t>(size)) {
      return fail("line is longer than " + std::to_string(size - 1) +
                  " bytes; continue the value on indented lines");
    }
    std::memcpy(buffer, given.c_str(), given.size() + 1);
    return buffer;
  }

  bool start_section(std::string_view text) {
    const std::size_t end = text.rfind(']');  // the last one, as in ConfigParser.SECTCRE
    if (end == std::string_view::npos || end == 1) {
      fail("section name must be enclosed in '[' and ']'");
      return false;
    }
    const std::string name(text.substr(1, end - 1));
    last_ = nullptr;
    section_ = name;
    if (name != kDefaultSection) {
      const bool is_new = here_.insert(name).second;
      if (!is_new && rules_.duplicates == IniDuplicates::refuse) {
        fail("duplicate section [" + name + "]; merge the two");
        return false;
      }
      if (!target_.sections_.contains(name)) target_.order_.push_back(name);
    }
    target_.sections_.try_emplace(name);
    return true;
  }

  bool take_option(std::string_view raw_name, std::string_view raw_value) {
    const std::string_view value = strip(raw_value);
    if (continuation_) {
      last_->value.append(blank_lines_ + 1, '\n').append(value);
      blank_lines_ = 0;
      return true;
    }
    std::string name(strip(raw_name));
    if (rules_.names == IniNames::lower_case) name = python::lower_ascii(name);
    if (!section_ || name.empty()) {
      fail(name.empty() ? "option without a name; write 'name = value'"
                        : "option before the first [section]; move it into one");
      return false;
    }
    if (!here_options_.insert({*section_, name}).second && rules_.duplicates == IniDuplicates::refuse) {
      fail("duplicate option '" + name + "' in [" + *section_ + "]; remove one");
      return false;
    }
    IniOption& option = target_.sections_[*section_][name];
    option = IniOption{path_, *section_, name, std::string(value)};
    last_ = &option;
    blank_lines_ = 0;
    return true;
  }

  IniFile& target_;
  IniRules rules_;
  std::string path_;
  std::string_view text_;       // what is still to be read
  std::set<std::string> here_;  // this file's sections and options: another's may come again
  std::set<std::pair<std::string, std::string>> here_options_;
  int line_number_ = 0;
  std::size_t option_indent_ = 0;
  std::size_t blank_lines_ = 0;  // since the last line of a value: part of it if the value continues
  bool continuation_ = false;
  std::optional<std::string> section_;
  IniOption* last_ = nullptr;
  std::optional<std::string> error_;
};

IniFile::IniFile(std::string path, IniRules rules) : path_(std::move(path)), rules_(rules) {}

IniFile::IniFile(std::string path, IniRules rules, std::string_view remedy)
    : IniFile(std::move(path), rules) {
  const auto read = read_file(path_);
  if (const int* error = std::get_if<int>(&read)) throw cannot_be_read(path_, *error, remedy);
  const auto& text = std::get<std::string>(read);
  if (text.size() > kMaxTotal) throw ConfigError(one_line(path_) + ": larger than 16 MiB; make it smaller");
  IniReader(*this, path_, text).read();
}

IniFile IniFile::of_directory(std::string path, IniRules rules, std::string_view remedy,
                              std::vector<std::string>& skipped) {
  IniFile result(std::move(path), rules);
  std::vector<std::string> names;
  try {
    names = list_directory(result.path_);
  } catch (const OsError& error) {
    throw cannot_be_read(result.path_, error.code(), remedy);
  }
  std::erase_if(names,
                [](const std::string& name) { return !name.ends_with(".conf") || name.starts_with('.'); });
  if (names.size() > kMaxFiles) {
    throw ConfigError(one_line(result.path_) + ": more than 10000 files *.conf; remove some");
  }
  std::ranges::sort(names);
  std::size_t total = 0;
  for (const std::string& name : names) {
    const std::string file = result.path_ + (result.path_.ends_with('/') ? "" : "/") + name;
    const auto read = read_file(file);
    if (const int* error = std::get_if<int>(&read)) {
      skipped.push_back(one_line(file) +
                        ": skipped, as Swift does: cannot be read: " + std::strerror(*error));
      continue;
    }
    const auto& text = std::get<std::string>(read);
    total += text.size();
    if (total > kMaxTotal) {
      throw ConfigError(one_line(result.path_) + ": larger than 16 MiB in total; make it smaller");
    }
    IniReader(result, file, text).read();
  }
  return result;
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
  IniSection result = scope;
  for (auto& [name, option] : result) {
    option.value = interpolate(scope.at(name), scope, interpolation, rules_.names);
  }
  return result;
}

std::string interpolate(const IniOption& option, const IniSection& scope, IniInterpolation interpolation,
                        IniNames names) {
  if (interpolation == IniInterpolation::lenient && option.value.find("%(") == std::string::npos) {
    return option.value;
  }
  return Interpolation(option, scope, names).run();
}

std::string printable_value(const IniOption& option) {
  constexpr std::array<std::string_view, 8> kSecrets{
      "salt", "secret", "password", "passwd", "token", "auth_key", "hash_path_prefix", "hash_path_suffix"};
  const std::string name = python::lower_ascii(option.name);
  const bool is_secret = std::ranges::any_of(
      kSecrets, [&name](std::string_view word) { return name.find(word) != std::string::npos; });
  return is_secret && !option.value.empty() ? "(not shown)" : option.value;
}

ConfigError bad_option(const IniOption& option, std::string_view problem_and_remedy) {
  return ConfigError{one_line(option.file + ": [" + option.section + "] " + option.name + " = " +
                              printable_value(option) + ": " + std::string(problem_and_remedy))};
}

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

}  // namespace ssync
