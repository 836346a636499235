// Swift's timestamp (swift.common.utils.Timestamp): seconds with five decimals and a hexadecimal offset that
// orders several versions made at the same time.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace ssync {

class Timestamp {
 public:
  // Time zero.
  Timestamp() = default;

  // From a number of 10 µs units. Throws TimeOutOfRange ('timestamp too large') at 10^15 and above,
  // and 'timestamp cannot be negative' below zero.
  static Timestamp from_raw(std::int64_t raw, std::uint64_t offset = 0);

  // The present time.
  static Timestamp now();

  // Reads what Swift's Timestamp() reads: a float in any of Python's spellings, then optionally
  // '_' and a hexadecimal offset ("1700000000.00000", "1.7e9", "1700000000.00000_5"). Rounds
  // the quotient by 10 µs, halves to even, as Swift does since 2.36: "1755077566.523385" is .52338,
  // where '%.05f', and so older releases, give .52339. Throws ValueError
  // with Python's message for everything else.
  static Timestamp parse(std::string_view text);

  // This time moved by delta units of 10 µs, with no offset. Throws ValueError "delta must be
  // greater than -N" when the result is not positive (Swift's Timestamp(t, delta=…)). A delta of 0
  // only drops the offset.
  [[nodiscard]] Timestamp moved_by(std::int64_t delta) const;

  [[nodiscard]] std::int64_t raw() const noexcept { return raw_; }
  [[nodiscard]] std::uint64_t offset() const noexcept { return offset_; }
  // Seconds, as float(timestamp).
  [[nodiscard]] double seconds() const noexcept;
  // False for time zero without an offset.
  [[nodiscard]] bool is_set() const noexcept { return raw_ != 0 || offset_ != 0; }

  // "%016.05f": "1700000000.00000".
  [[nodiscard]] std::string normal() const;
  // normal(), and "_%016x" of the offset unless that is 0. Orders as a string.
  [[nodiscard]] std::string internal() const;
  // normal(), and "_%x" of the offset unless that is 0: the form in .meta names.
  [[nodiscard]] std::string short_form() const;

  // clang-tidy 14 takes the zero in a defaulted <=> for a null pointer. NOLINTNEXTLINE(modernize-use-nullptr)
  friend auto operator<=>(const Timestamp&, const Timestamp&) = default;

 private:
  std::int64_t raw_ = 0;
  std::uint64_t offset_ = 0;
};

// "<short form of t1><signed hex delta to t2>", e.g. "1700000000.00000-186a0", always with the
// delta: swift.common.utils.encode_timestamps(t1, t2, explicit=True).
std::string encode_timestamp_pair(const Timestamp& t1, const Timestamp& t2);

// The inverse (decode_timestamps(text, explicit=True)[:2]): no delta gives no second timestamp; a
// zero delta gives an equal one, offset included; otherwise the second may be as early as time zero
// and has no offset; a further delta is read, validated and dropped. Throws ValueError.
std::pair<Timestamp, std::optional<Timestamp>> decode_timestamp_pair(std::string_view text);

}  // namespace ssync
