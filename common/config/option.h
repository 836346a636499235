// The types of option values: how each is parsed, its bounds, and the setting it is stored in.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "common/config/ini_file.h"
#include "common/config/settings.h"

namespace ssync {

// The setting that a value is stored in.
template <typename T>
using Field = T& (*)(Settings&);

// How to treat an empty value.
enum class Blank { refused, is_default, is_empty };

// A boolean: true, yes, on, 1, t, y, and their opposites.
struct Truth {
  Field<bool> field;
};

struct Text {
  Field<std::string> field;
};

// An absolute path.
struct Path {
  Field<std::string> field;
  Blank blank = Blank::refused;
};

// A text that `accepts` accepts; otherwise the error is `remedy`.
struct CheckedText {
  Field<std::string> field;
  bool (*accepts)(std::string_view);
  std::string_view remedy;
};

// An integer within bounds, multiplied by `unit`. `example` completes the remedy "give …". In a file of
// Swift's a number above `maximum` is taken as that, and one from `swift_minimum` on as at least `minimum`.
template <typename T>
struct WholeNumber {
  Field<T> field;
  std::int64_t minimum;
  std::int64_t maximum;
  std::string_view example;
  Blank blank = Blank::refused;
  std::int64_t unit = 1;
  std::int64_t swift_minimum = minimum;
};

// The same for a number that need not be whole; infinity is above `maximum` too.
struct RealNumber {
  Field<double> field;
  double minimum;
  double maximum;
  std::string_view example;
  Blank blank = Blank::refused;
  double swift_minimum = minimum;
};

// An integer, or nothing: in our own file empty, in one of Swift's whatever is no number, where Swift says so
// in its log and goes on.
struct OptionalNumber {
  Field<std::optional<int>> field;
  std::string_view without;  // what goes on then
};

// A class of I/O scheduling by Swift's name, or nothing in the same way.
struct IoClasses {
  Field<IoClass> field;
};

// A file mode in octal, up to 0777.
struct FileMode {
  Field<unsigned> field;
};

// A number of bytes, or a percentage (swift.common.utils.config_fallocate_value).
struct BytesOrPercent {
  Field<FallocateReserve> field;
};

// Comma-separated header names, as ObjectController.__init__ parses allowed_headers.
struct HeaderNames {
  Field<std::vector<std::string>> field;
};

struct Durabilities {
  Field<CommitMode> field;
};

// How a value is taken.
struct Taken {
  // Of a value in a file of Swift's that we would refuse in our own: "read as false".
  std::optional<std::string> note = std::nullopt;
  // The setting has kept its default.
  bool is_default = false;
};

enum class OnReload { taken, needs_restart };

// Whose file a value stands in. What Swift would run with, we run with, in the same meaning: where Swift
// takes a word for false, or falls back to its default, so do we.
enum class Owner { us, swift };

struct Option {
  using Type =
      std::variant<Truth, Text, Path, CheckedText, WholeNumber<int>, WholeNumber<std::int64_t>, RealNumber,
                   OptionalNumber, IoClasses, FileMode, BytesOrPercent, HeaderNames, Durabilities>;

  std::string_view name;
  Type type;
  OnReload on_reload = OnReload::taken;
};

// Parses the value into its setting. Throws ConfigError with the remedy if it is malformed or out of bounds;
// what no server could work with, e.g. a chunk of 0 bytes, is refused in Swift's files too.
Taken read_option(const Option& option, const IniOption& written, Owner owner, Settings& settings);

// The setting as text that read_option() takes, on one line.
std::string setting_text(const Option& option, Settings& settings);

// Parse single values, with the same errors. Those of the bounds of WholeNumber and RealNumber are for
// settings that are none of Settings': `field`, `blank` and `unit` have no part in them.
Taken read_bounded(const WholeNumber<std::int64_t>& bounds, const IniOption& written, Owner owner,
                   std::int64_t& number);
Taken read_bounded(const RealNumber& bounds, const IniOption& written, Owner owner, double& number);
bool read_truth(const IniOption& written);
std::int64_t read_whole_number(const IniOption& written, std::int64_t minimum, std::int64_t maximum,
                               std::string_view example);
std::vector<std::string> read_header_names(std::string_view list);

}  // namespace ssync
