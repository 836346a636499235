// A ring that cannot be used.
#pragma once

#include <stdexcept>

namespace ssync {

// A ring file is missing, cut, damaged or hostile. what() is one line with the file's path and the remedy.
class RingError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace ssync
