// Wall and processor time that a piece of work takes.
#pragma once

#include <sys/resource.h>

#include <chrono>

namespace ssync::bench {

struct Duration {
  double seconds = 0;
  double cpu_seconds = 0;  // of all threads of the process, kernel included
};

class Stopwatch {
 public:
  [[nodiscard]] Duration elapsed() const {
    const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begun_;
    return {wall.count(), cpu_seconds() - cpu_begun_};
  }

 private:
  static double cpu_seconds() {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& time) {
      return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  }

  std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  double cpu_begun_ = cpu_seconds();
};

}  // namespace ssync::bench
