// SIGINT and SIGTERM, for a program that is to end in good order.
#pragma once

#include "common/fd.h"

namespace ssync {

// While one exists both signals are noticed and end nothing by themselves. There is one in a process.
class Interruption {
 public:
  // Throws OsError.
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // Readable once a signal came: for poll(2).
  [[nodiscard]] int fd() const noexcept { return read_end_.get(); }
  // Throws SendingInterrupted if a signal came.
  void check() const;

 private:
  Fd read_end_;
  Fd write_end_;
};

}  // namespace ssync
