// MD5 of a large object beside its reading and writing.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/md5.h"

namespace ssync {

// Computed by a thread of its own, which ends with this object. For one caller.
class BackgroundMd5 {
 public:
  // Throws std::system_error if no thread can be started.
  BackgroundMd5();
  ~BackgroundMd5();
  BackgroundMd5(const BackgroundMd5&) = delete;
  BackgroundMd5& operator=(const BackgroundMd5&) = delete;

  // Takes the next piece, and gives an empty string with room for another. Waits while several are to be
  // done.
  std::string exchange(std::string piece);
  // 32 lower-case hex digits of all pieces. Waits until they are done.
  [[nodiscard]] std::string hex();

 private:
  void run();

  Md5 md5_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> pieces_;  // to be done, in order
  std::vector<std::string> spares_;
  bool is_busy_ = false;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace ssync
