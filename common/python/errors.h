// Errors that Python would raise.
#pragma once

#include <stdexcept>

namespace ssync {

// A value for which Python raises ValueError (or OverflowError, IndexError, …). what() is Python's message,
// because Swift sends it to the peer.
class ValueError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Those that Python raises as OverflowError, which Swift's "except ValueError" does not catch.
class OverflowError : public ValueError {
 public:
  using ValueError::ValueError;
};

namespace pickle {

// Thrown for data that is not a complete pickle of plain data. what() has the opcode or limit.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};
// The input ends where an opcode is expected, or is empty (Python: EOFError). Swift treats it as "no
// metadata".
class EmptyError : public Error {
 public:
  using Error::Error;
};

}  // namespace pickle
}  // namespace ssync
