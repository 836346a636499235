// How fast sessions may go on each device, in memory that the pool's processes share.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/pool/shared_memory.h"

namespace ssync {

// More would let senders' time-outs pass.
inline constexpr double kMostIdleShare = 0.95;

struct DeviceLimits {
  std::int64_t bytes_per_second = 0;    // read from all senders together; 0: no limit
  std::int64_t objects_per_second = 0;  // subrequests; 0: no limit
  double idle_share = 0;                // of each second, in which sessions leave the device alone; below 1

  [[nodiscard]] bool any() const { return bytes_per_second > 0 || objects_per_second > 0 || idle_share > 0; }
  bool operator==(const DeviceLimits&) const = default;
};

// Limits of the configuration, for each device, and those that an operator has set for one since. All
// sessions of a device draw on the same limit in the order in which they come, piece by piece, and so have
// equal parts of it. Thread-safe, and safe against the death of any process. Throws OsError if the mutex
// fails.
class Throttles {
 public:
  using Clock = std::chrono::steady_clock;

  // Throws OsError.
  Throttles();
  ~Throttles();
  Throttles(const Throttles&) = delete;
  Throttles& operator=(const Throttles&) = delete;

  static constexpr std::size_t kMostDevices = 256;
  // How far behind its limit a device may be and catch up.
  static constexpr std::chrono::milliseconds kBurst{50};
  // No piece waits longer, whatever the limit: senders give up on a receiver that takes nothing for some
  // seconds (node_timeout is 10 s).
  static constexpr std::chrono::seconds kLongestWait{3};

  void set_default(const DeviceLimits& limits);
  // nullopt: those of the configuration again. False if there is no place for one more device.
  bool set(std::string_view device, const std::optional<DeviceLimits>& limits);
  [[nodiscard]] DeviceLimits limits(std::string_view device) const;
  struct Own {
    std::string device;
    DeviceLimits limits;
  };
  // Devices with limits of their own, set by set().
  [[nodiscard]] std::vector<Own> own_limits() const;

  // Whether new sessions of a device are refused; of all devices if it has no name. False as for set().
  bool set_drained(std::string_view device, bool is_drained);
  [[nodiscard]] bool is_drained(std::string_view device) const;
  // Whether it was all devices that were drained.
  [[nodiscard]] bool all_drained() const;
  // Devices that were drained by their names.
  [[nodiscard]] std::vector<std::string> drained() const;

  // Counts so many bytes and objects as used; how long to wait before going on.
  [[nodiscard]] std::chrono::nanoseconds use(std::string_view device, std::int64_t bytes,
                                             std::int64_t objects, Clock::time_point now = Clock::now());

 private:
  struct Device;
  struct Shared;

  [[nodiscard]] Device* find(std::string_view name) const;
  [[nodiscard]] Device* find_or_make(std::string_view name);
  [[nodiscard]] const DeviceLimits& limits_of(const Device& device) const;
  void note_whether_any();

  SharedMemory<Shared> shared_;
};

}  // namespace ssync
