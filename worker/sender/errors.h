// Errors that end a sender's session early. what() is one line for the operator.
#pragma once

#include <stdexcept>

namespace ssync {

// The receiver refused with an HTTP status or an :ERROR: line, or its response is malformed.
class ReceiverRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The receiver is unreachable, closed the connection, or timed out.
class ConnectionLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace ssync
