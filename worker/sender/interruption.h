// Handles SIGINT and SIGTERM for a clean end of the program.
#pragma once

#include <chrono>

#include "common/os/fd.h"

namespace ssync {

// While the object exists, both signals are only recorded. At most one per process.
class Interruption {
 public:
  // Throws OsError.
  Interruption();
  ~Interruption();
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // Readable after a signal, for poll(2).
  [[nodiscard]] int fd() const noexcept { return read_end_.get(); }
  // Throws Interrupted after a signal.
  void check() const;
  // Returns after this time. Throws Interrupted after a signal, also one that comes meanwhile.
  void wait(std::chrono::steady_clock::duration time) const;

 private:
  Fd read_end_;
  Fd write_end_;
};

}  // namespace ssync
