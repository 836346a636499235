#include "common/config/option.h"

#include <algorithm>
#include <array>
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

double parse_real_number(const IniOption& written, std::string_view example) {
  try {
    return python::parse_float(python::ascii_number(written.value));
  } catch (const ValueError&) {
    throw bad_option(written, "not a number; give " + std::string(example));
  }
}

// A value that no int64 holds is one of the ends of int64.
std::int64_t parse_whole_number(const IniOption& written, std::string_view example) {
  try {
    return python::to_int64(python::parse_integer(python::ascii_number(written.value), 10));
  } catch (const ValueError&) {
    throw bad_option(written, "not a whole number; give " + std::string(example));
  }
}

void check_path(const IniOption& written) {
  if (!written.value.starts_with('/')) {
    throw bad_option(written, "not an absolute path; give one that starts with '/'");
  }
  // A continued value contains a newline.
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(written.value, is_control)) {
    throw bad_option(written, "path contains a control character; give the path on one line");
  }
}

Taken read(const Truth& type, const IniOption& written, Owner owner, Settings& settings) {
  if (owner == Owner::swift && !is_truth(written.value)) {
    type.field(settings) = false;
    return {.note = "read as false"};
  }
  type.field(settings) = read_truth(written);
  return {};
}

Taken read(const Text& type, const IniOption& written, Owner /*owner*/, Settings& settings) {
  type.field(settings) = written.value;
  return {};
}

Taken read(const Path& type, const IniOption& written, Owner owner, Settings& settings) {
  if (written.value.empty() && type.blank == Blank::is_empty) {
    type.field(settings).clear();
    return {};
  }
  IniOption absolute = written;
  Taken taken;
  if (owner == Owner::swift && !written.value.starts_with('/')) {
    // clean_up_daemon_hygiene() makes / the working directory of Swift's servers.
    absolute.value.insert(0, "/");
    taken.note = "read as " + absolute.value;
  }
  check_path(absolute);
  type.field(settings) = absolute.value;
  return taken;
}

Taken read(const CheckedText& type, const IniOption& written, Owner owner, Settings& settings) {
  if (!type.accepts(written.value)) {
    if (owner == Owner::us) throw bad_option(written, type.remedy);
    return {.note = "unknown here, the default " + type.field(settings) + " is used", .is_default = true};
  }
  type.field(settings) = written.value;
  return {};
}

template <typename T>
Taken read(const WholeNumber<T>& type, const IniOption& written, Owner owner, Settings& settings) {
  if (written.value.empty() && type.blank == Blank::is_default) return {.is_default = true};
  const WholeNumber<std::int64_t> bounds{.field = nullptr,
                                         .minimum = type.minimum,
                                         .maximum = type.maximum,
                                         .example = type.example,
                                         .swift_minimum = type.swift_minimum};
  std::int64_t number = 0;
  Taken taken = read_bounded(bounds, written, owner, number);
  type.field(settings) = static_cast<T>(number * type.unit);
  return taken;
}

Taken read(const RealNumber& type, const IniOption& written, Owner owner, Settings& settings) {
  if (written.value.empty() && type.blank == Blank::is_default) return {.is_default = true};
  return read_bounded(type, written, owner, type.field(settings));
}

Taken read(const OptionalNumber& type, const IniOption& written, Owner owner, Settings& settings) {
  constexpr std::string_view kExample = "a number, e.g. 5";
  type.field(settings).reset();
  if (owner == Owner::us && written.value.empty()) return {};
  try {
    type.field(settings) = static_cast<int>(read_whole_number(written, std::numeric_limits<int>::min(),
                                                              std::numeric_limits<int>::max(), kExample));
    return {};
  } catch (const ConfigError&) {
    if (owner == Owner::us) throw;
    return {.note = "no number, " + std::string(type.without) + "; give " + std::string(kExample)};
  }
}

Taken read(const IoClasses& type, const IniOption& written, Owner owner, Settings& settings) {
  constexpr std::string_view kRemedy = "give IOPRIO_CLASS_RT, IOPRIO_CLASS_BE or IOPRIO_CLASS_IDLE";
  const auto named = io_class_named(written.value);
  type.field(settings) = named.value_or(IoClass::unchanged);
  if (named || (owner == Owner::us && written.value.empty())) return {};
  if (owner == Owner::us) throw bad_option(written, "unknown class; " + std::string(kRemedy));
  return {.note = "unknown, I/O scheduling is left unchanged; " + std::string(kRemedy)};
}

Taken read(const FileMode& type, const IniOption& written, Owner /*owner*/, Settings& settings) {
  unsigned mode = 0;
  const char* end = written.value.data() + written.value.size();
  const auto parsed = std::from_chars(written.value.data(), end, mode, 8);
  if (parsed.ec != std::errc() || parsed.ptr != end || mode > 0777) {
    throw bad_option(written, "not an octal file mode; give e.g. 0660");
  }
  type.field(settings) = mode;
  return {};
}

Taken read(const BytesOrPercent& type, const IniOption& written, Owner owner, Settings& settings) {
  constexpr std::string_view kExample = "a percentage, e.g. 1%, or a number of bytes";
  constexpr std::int64_t kMaxBytes = std::int64_t{1} << 62U;
  FallocateReserve& reserve = type.field(settings);
  if (!written.value.ends_with('%')) {
    const bool too_many = owner == Owner::swift && parse_whole_number(written, kExample) > kMaxBytes;
    const auto bytes = too_many ? kMaxBytes : read_whole_number(written, 0, kMaxBytes, kExample);
    reserve = {static_cast<double>(bytes), false};
    if (too_many) return {.note = "taken as " + std::to_string(kMaxBytes)};
    return {};
  }
  try {
    const double percent = python::parse_float(
        python::ascii_number(std::string_view(written.value).substr(0, written.value.size() - 1)));
    if (percent >= 0 && percent <= 100) {
      reserve = {percent, true};
      return {};
    }
  } catch (const ValueError&) {
    // Reported below, as a percentage out of range is.
  }
  throw bad_option(written, "not a percentage from 0% to 100%; give " + std::string(kExample));
}

Taken read(const HeaderNames& type, const IniOption& written, Owner /*owner*/, Settings& settings) {
  type.field(settings) = read_header_names(written.value);
  return {};
}

Taken read(const Durabilities& type, const IniOption& written, Owner /*owner*/, Settings& settings) {
  if (written.value != "group" && written.value != "each") {
    throw bad_option(written, "neither group nor each; give one of them");
  }
  type.field(settings) = written.value == "group" ? CommitMode::group : CommitMode::each;
  return {};
}

std::string text_of(const Truth& type, Settings& settings) { return type.field(settings) ? "true" : "false"; }

std::string text_of(const Text& type, Settings& settings) { return one_line(type.field(settings)); }

std::string text_of(const Path& type, Settings& settings) { return type.field(settings); }

std::string text_of(const CheckedText& type, Settings& settings) { return one_line(type.field(settings)); }

template <typename T>
std::string text_of(const WholeNumber<T>& type, Settings& settings) {
  return std::to_string(type.field(settings) / type.unit);
}

std::string text_of(const RealNumber& type, Settings& settings) {
  return python::float_text(type.field(settings));
}

std::string text_of(const OptionalNumber& type, Settings& settings) {
  const std::optional<int> number = type.field(settings);
  return number ? std::to_string(*number) : "";
}

std::string text_of(const IoClasses& type, Settings& settings) {
  return std::string(io_class_name(type.field(settings)));
}

std::string text_of(const FileMode& type, Settings& settings) {
  std::array<char, 8> digits{};
  const auto written = std::to_chars(digits.begin(), digits.end(), type.field(settings), 8);
  return "0" + std::string(digits.begin(), written.ptr);
}

std::string text_of(const BytesOrPercent& type, Settings& settings) {
  const FallocateReserve& reserve = type.field(settings);
  return reserve.is_percent ? python::float_text(reserve.amount) + "%"
                            : std::to_string(static_cast<std::int64_t>(reserve.amount));
}

std::string text_of(const HeaderNames& type, Settings& settings) {
  std::string list;
  for (const std::string& name : type.field(settings)) list += (list.empty() ? "" : ", ") + name;
  return one_line(list);
}

std::string text_of(const Durabilities& type, Settings& settings) {
  return type.field(settings) == CommitMode::group ? "group" : "each";
}

}  // namespace

bool read_truth(const IniOption& written) {
  // Swift takes every unknown word for false: in our own file a typo must not switch mount_check off.
  if (!is_truth(written.value)) throw bad_option(written, "neither true nor false; give true or false");
  return python::is_true(written.value);
}

std::int64_t read_whole_number(const IniOption& written, std::int64_t minimum, std::int64_t maximum,
                               std::string_view example) {
  const std::int64_t value = parse_whole_number(written, example);
  if (value < minimum || value > maximum) {
    throw bad_option(written, "out of range " + std::to_string(minimum) + " to " + std::to_string(maximum) +
                                  "; give " + std::string(example));
  }
  return value;
}

Taken read_bounded(const WholeNumber<std::int64_t>& bounds, const IniOption& written, Owner owner,
                   std::int64_t& number) {
  const std::int64_t value = parse_whole_number(written, bounds.example);
  if (owner == Owner::us || value < bounds.swift_minimum) {
    number = read_whole_number(written, bounds.minimum, bounds.maximum, bounds.example);
    return {};
  }
  number = std::clamp(value, bounds.minimum, bounds.maximum);
  if (number == value) return {};
  return {.note = "taken as " + std::to_string(number)};
}

Taken read_bounded(const RealNumber& bounds, const IniOption& written, Owner owner, double& number) {
  const double value = parse_real_number(written, bounds.example);
  const bool is_within = value >= bounds.minimum && value <= bounds.maximum;
  // Written so that NaN is refused too.
  const bool is_for_swift = value > bounds.maximum || value >= bounds.swift_minimum;
  if (!is_within && (owner == Owner::us || !is_for_swift)) {
    throw bad_option(written, "out of range; give " + std::string(bounds.example));
  }
  number = std::clamp(value, bounds.minimum, bounds.maximum);
  if (is_within) return {};
  return {.note = "taken as " + python::float_text(number)};
}

std::vector<std::string> read_header_names(std::string_view list) {
  static const std::set<std::string> reserved = {"content-length", "deleted", "etag"};
  std::vector<std::string> names;
  for (const std::string_view written : python::list_from_csv(list, python::strip_utf8)) {
    std::string name = python::lower_ascii(written);
    if (!reserved.contains(name) && std::ranges::find(names, name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

Taken read_option(const Option& option, const IniOption& written, Owner owner, Settings& settings) {
  return std::visit([&](const auto& type) { return read(type, written, owner, settings); }, option.type);
}

std::string setting_text(const Option& option, Settings& settings) {
  return std::visit([&](const auto& type) { return text_of(type, settings); }, option.type);
}

}  // namespace ssync
