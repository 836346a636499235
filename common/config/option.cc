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

// True for a known spelling of true or false.
bool is_truth(std::string_view value) {
  static const std::set<std::string> falses = {"false", "0", "no", "off", "f", "n"};
  return python::is_true(value) || falses.contains(python::lower_ascii(value));
}

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

// How the value was taken, if Swift takes it otherwise than it stands there.
using Note = std::optional<std::string>;

Note read(const Truth& type, const IniOption& written, Owner owner, Settings& settings) {
  if (owner == Owner::swift && !is_truth(written.value)) {
    type.field(settings) = false;
    return "read as false";
  }
  type.field(settings) = read_truth(written);
  return std::nullopt;
}

Note read(const Text& type, const IniOption& written, Owner /*owner*/, Settings& settings) {
  type.field(settings) = written.value;
  return std::nullopt;
}

Note read(const Path& type, const IniOption& written, Owner /*owner*/, Settings& settings) {
  const bool stays_empty = written.value.empty() && type.blank == Blank::is_empty;
  type.field(settings) = stays_empty ? "" : read_path(written);
  return std::nullopt;
}

Note read(const CheckedText& type, const IniOption& written, Owner owner, Settings& settings) {
  if (!type.accepts(written.value)) {
    if (owner == Owner::us) throw bad_option(written, type.remedy);
    return "unknown, the default " + type.field(settings) + " is used";
  }
  type.field(settings) = written.value;
  return std::nullopt;
}

template <typename T>
Note read(const WholeNumber<T>& type, const IniOption& written, Owner /*owner*/, Settings& settings) {
  if (written.value.empty() && type.blank == Blank::is_default) return std::nullopt;
  const std::int64_t number = read_whole_number(written, type.minimum, type.maximum, type.example);
  type.field(settings) = static_cast<T>(number * type.unit);
  return std::nullopt;
}

Note read(const RealNumber& type, const IniOption& written, Owner /*owner*/, Settings& settings) {
  if (written.value.empty() && type.blank == Blank::is_default) return std::nullopt;
  type.field(settings) = read_real_number(written, type.minimum, type.maximum, type.example);
  return std::nullopt;
}

Note read(const FileMode& type, const IniOption& written, Owner /*owner*/, Settings& settings) {
  unsigned mode = 0;
  const char* end = written.value.data() + written.value.size();
  const auto parsed = std::from_chars(written.value.data(), end, mode, 8);
  if (parsed.ec != std::errc() || parsed.ptr != end || mode > 0777) {
    throw bad_option(written, "not an octal file mode; give e.g. 0660");
  }
  type.field(settings) = mode;
  return std::nullopt;
}

Note read(const BytesOrPercent& type, const IniOption& written, Owner /*owner*/, Settings& settings) {
  constexpr std::string_view kExample = "a percentage, e.g. 1%, or a number of bytes";
  FallocateReserve& reserve = type.field(settings);
  if (!written.value.ends_with('%')) {
    const auto bytes = read_whole_number(written, 0, std::numeric_limits<std::int64_t>::max(), kExample);
    reserve = {static_cast<double>(bytes), false};
    return std::nullopt;
  }
  try {
    const double percent = python::parse_float(written.value.substr(0, written.value.size() - 1));
    if (percent >= 0 && percent <= 100) {
      reserve = {percent, true};
      return std::nullopt;
    }
  } catch (const ValueError&) {
    // Reported below, as a percentage out of range is.
  }
  throw bad_option(written, "not a percentage from 0% to 100%; give " + std::string(kExample));
  return std::nullopt;
}

Note read(const HeaderNames& type, const IniOption& written, Owner /*owner*/, Settings& settings) {
  type.field(settings) = read_header_names(written.value);
  return std::nullopt;
}

Note read(const Durabilities& type, const IniOption& written, Owner /*owner*/, Settings& settings) {
  if (written.value != "group" && written.value != "each") {
    throw bad_option(written, "neither group nor each; give one of them");
  }
  type.field(settings) = written.value == "group" ? CommitMode::group : CommitMode::each;
  return std::nullopt;
}

}  // namespace

bool read_truth(const IniOption& written) {
  // Swift takes every unknown word for false: in our own file a typo must not switch mount_check off.
  if (!is_truth(written.value)) throw bad_option(written, "neither true nor false; give true or false");
  return python::is_true(written.value);
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

std::optional<std::string> read_option(const Option& option, const IniOption& written, Owner owner,
                                       Settings& settings) {
  return std::visit([&](const auto& type) { return read(type, written, owner, settings); }, option.type);
}

}  // namespace ssync
