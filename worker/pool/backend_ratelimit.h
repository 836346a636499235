// How many requests a second each device answers (Swift's middleware backend_ratelimit), in memory that the
// pool's processes share.
#pragma once

#include <chrono>
#include <cstddef>
#include <string_view>

#include "common/config/backend_ratelimit_settings.h"
#include "worker/pool/shared_memory.h"

namespace ssync {

// The whole pool is to these limits what one process of Swift's is. Thread-safe, and safe against the death
// of any process. Throws OsError if the mutex fails.
class BackendRatelimit {
 public:
  // Since any moment, the same for all processes.
  using Time = std::chrono::duration<double>;

  // Throws OsError.
  BackendRatelimit();
  ~BackendRatelimit();
  BackendRatelimit(const BackendRatelimit&) = delete;
  BackendRatelimit& operator=(const BackendRatelimit&) = delete;

  // The most devices that are told apart at one time: of more, the one that was asked for least lately is
  // forgotten. One that has been idle for the buffer's seconds is so without a loss.
  static constexpr std::size_t kMostDevices = 256;

  static Time now();

  // Takes the settings, and what their file has, with Swift's lines in the log.
  void configure(const BackendRatelimitSettings& settings, Time at = now());

  // Reads the file again if that is due; whoever finds it so does it for all.
  void reload_if_due(Time at = now());

  // Counts a request; false if it has to be refused, and then it does not count. True for methods that are
  // not limited (BackendRateLimitMiddleware._is_allowed).
  [[nodiscard]] bool allows(std::string_view device, std::string_view method, Time at = now());

  // Whether any request is limited.
  [[nodiscard]] bool is_on() const;

 private:
  struct Device;
  struct Shared;

  void load_file();
  [[nodiscard]] Device& device_of(std::string_view name, double now_seconds);

  SharedMemory<Shared> shared_;
};

}  // namespace ssync
