// Errors that end a sender's session early. what() is one line for the operator.
#pragma once

#include <stdexcept>
#include <string_view>

namespace ssync {

// The receiver refused with an HTTP status or an :ERROR: line, or its response is malformed.
class ReceiverRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// It has no room for another session just now (503), and has taken nothing of this one.
class ReceiverBusy : public ReceiverRefused {
 public:
  using ReceiverRefused::ReceiverRefused;
};

// Throws what an ":ERROR: <status> …" line means: ReceiverBusy or ReceiverRefused, with its text.
[[noreturn]] void throw_refusal(std::string_view error_line);

// The receiver is unreachable, closed the connection, or timed out.
class ConnectionLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace ssync
