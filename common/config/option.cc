#include "common/config/option.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/text.h"

namespace ssync {
namespace {

double read_real_number(const IniOption& written, double minimum, double maximum, std::string_view example) {
  double value = 0;
  try {
    value = python::parse_float(written.value);
  } catch (const ValueError&) {
    throw bad_option(written, "not a number; give " + std::string(example));
  }
  // Written so that NaN is refused too.
  if (!(value >= minimum && value <= maximum)) {
    throw bad_option(written, "out of range; give " + std::string(example));
  }
  return value;
}

std::string read_path(const IniOption& written) {
  if (!written.value.starts_with('/')) {
    throw bad_option(written, "not an absolute path; give one that starts with '/'");
  }
  // A continued value contains a newline.
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(written.value, is_control)) {
    throw bad_option(written, "path contains a control character; give the path on one line");
  }
  return written.value;
}

void read(const Truth& type, const IniOption& written, Settings& settings) {
  type.field(settings) = read_truth(written);
}

void read(const Text& type, const IniOption& written, Settings& settings) {
  type.field(settings) = written.value;
}

void read(const Path& type, const IniOption& written, Settings& settings) {
  const bool stays_empty = written.value.empty() && type.blank == Blank::is_empty;
  type.field(settings) = stays_empty ? "" : read_path(written);
}

void read(const CheckedText& type, const IniOption& written, Settings& settings) {
  if (!type.accepts(written.value)) throw bad_option(written, type.remedy);
  type.field(settings) = written.value;
}

template <typename T>
void read(const WholeNumber<T>& type, const IniOption& written, Settings& settings) {
  if (written.value.empty() && type.blank == Blank::is_default) return;
  const std::int64_t number = read_whole_number(written, type.minimum, type.maximum, type.example);
  type.field(settings) = static_cast<T>(number * type.unit);
}

void read(const RealNumber& type, const IniOption& written, Settings& settings) {
  if (written.value.empty() && type.blank == Blank::is_default) return;
  type.field(settings) = read_real_number(written, type.minimum, type.maximum, type.example);
}

void read(const FileMode& type, const IniOption& written, Settings& settings) {
  unsigned mode = 0;
  const char* end = written.value.data() + written.value.size();
  const auto parsed = std::from_chars(written.value.data(), end, mode, 8);
  if (parsed.ec != std::errc() || parsed.ptr != end || mode > 0777) {
    throw bad_option(written, "not an octal file mode; give e.g. 0660");
  }
  type.field(settings) = mode;
}

void read(const BytesOrPercent& type, const IniOption& written, Settings& settings) {
  constexpr std::string_view kExample = "a percentage, e.g. 1%, or a number of bytes";
  FallocateReserve& reserve = type.field(settings);
  if (!written.value.ends_with('%')) {
    const auto bytes = read_whole_number(written, 0, std::numeric_limits<std::int64_t>::max(), kExample);
    reserve = {static_cast<double>(bytes), false};
    return;
  }
  try {
    const double percent = python::parse_float(written.value.substr(0, written.value.size() - 1));
    if (percent >= 0 && percent <= 100) {
      reserve = {percent, true};
      return;
    }
  } catch (const ValueError&) {
    // Reported below, as a percentage out of range is.
  }
  throw bad_option(written, "not a percentage from 0% to 100%; give " + std::string(kExample));
}

void read(const HeaderNames& type, const IniOption& written, Settings& settings) {
  type.field(settings) = read_header_names(written.value);
}

void read(const Durabilities& type, const IniOption& written, Settings& settings) {
  if (written.value != "group" && written.value != "each") {
    throw bad_option(written, "neither group nor each; give one of them");
  }
  type.field(settings) = written.value == "group" ? CommitMode::group : CommitMode::each;
}

}  // namespace

// In Swift every unknown word is false, so a typo disables mount_check; here only the known spellings are
// accepted.
bool read_truth(const IniOption& written) {
  static const std::set<std::string> falses = {"false", "0", "no", "off", "f", "n"};
  if (python::is_true(written.value)) return true;
  if (falses.contains(python::lower_ascii(written.value))) return false;
  throw bad_option(written, "neither true nor false; give true or false");
}

std::int64_t read_whole_number(const IniOption& written, std::int64_t minimum, std::int64_t maximum,
                               std::string_view example) {
  std::int64_t value = 0;
  try {
    value = python::parse_int(written.value, 10);
  } catch (const ValueError&) {
    throw bad_option(written, "not a whole number; give " + std::string(example));
  }
  if (value < minimum || value > maximum) {
    throw bad_option(written, "out of range " + std::to_string(minimum) + " to " + std::to_string(maximum) +
                                  "; give " + std::string(example));
  }
  return value;
}

std::vector<std::string> read_header_names(std::string_view list) {
  static const std::set<std::string> reserved = {"content-length", "deleted", "etag"};
  std::vector<std::string> names;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::string name = python::lower_ascii(python::strip(list.substr(0, comma)));
    if (!name.empty() && !reserved.contains(name) && std::ranges::find(names, name) == names.end()) {
      names.push_back(std::move(name));
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return names;
}

void read_option(const Option& option, const IniOption& written, Settings& settings) {
  std::visit([&](const auto& type) { read(type, written, settings); }, option.type);
}

}  // namespace ssync
