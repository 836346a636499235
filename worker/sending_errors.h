// What ends the session of a sender before its time. what() is one line for the operator.
#pragma once

#include <stdexcept>

namespace ssync {

// The receiver said no, in an HTTP status or an :ERROR: line, or what it said makes no sense.
class ReceiverRefused : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The receiver cannot be reached, has gone, or is silent.
class ConnectionLost : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The operator ended the program (SIGINT, SIGTERM).
class SendingInterrupted : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace ssync
