// Errors of values that cannot be stored in file names or attributes.
#pragma once

#include "common/python/errors.h"

namespace ssync {

// A time outside the range of Timestamp.
class TimeOutOfRange : public ValueError {
 public:
  static TimeOutOfRange negative() { return {"timestamp cannot be negative", false}; }
  static TimeOutOfRange too_large() { return {"timestamp too large", true}; }
  // True if the time is later than every Timestamp, false if it is earlier.
  [[nodiscard]] bool is_later() const noexcept { return is_later_; }

 private:
  TimeOutOfRange(const char* message, bool is_later) : ValueError(message), is_later_(is_later) {}
  bool is_later_;
};

}  // namespace ssync
