// Computes the MD5 of a large object in parallel to reading or writing it.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/os/md5.h"

namespace ssync {

// Runs in its own thread, which ends with this object. Not thread-safe.
class BackgroundMd5 {
 public:
  // Throws std::system_error if no thread can be started.
  BackgroundMd5();
  ~BackgroundMd5();
  BackgroundMd5(const BackgroundMd5&) = delete;
  BackgroundMd5& operator=(const BackgroundMd5&) = delete;

  // Adds the next piece, and returns an empty string with capacity for another. Waits while the queue is
  // full.
  std::string exchange(std::string piece);
  // The MD5 of all pieces as 32 lower-case hex digits. Waits until all are processed.
  [[nodiscard]] std::string hex();

 private:
  void run();

  Md5 md5_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> pieces_;  // to be processed, in order
  std::vector<std::string> spares_;
  bool is_busy_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace ssync
