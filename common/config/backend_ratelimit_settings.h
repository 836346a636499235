// Settings of Swift's middleware backend_ratelimit: how many requests a second each device answers.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace ssync {

// The methods that are counted, as Swift names its options by them: sessions (SSYNC) are not.
inline constexpr std::array<std::string_view, 7> kRateLimitedMethods{"GET",    "HEAD",   "PUT",      "POST",
                                                                     "DELETE", "UPDATE", "REPLICATE"};

// The place of a method in kRateLimitedMethods; nullopt if it is not there.
std::optional<std::size_t> rate_limited_method(std::string_view method);

// Requests a second of each device, 0 for no limit.
struct RequestRates {
  double all_methods = 0;                                      // requests_per_device_per_second
  std::array<double, kRateLimitedMethods.size()> by_method{};  // METHOD_requests_per_device_per_second
  // Seconds of what was not used that may be made up for in a burst (requests_per_device_rate_buffer).
  double buffer = 1;

  [[nodiscard]] bool any() const;
  bool operator==(const RequestRates&) const = default;
};

struct BackendRatelimitSettings {
  bool is_served = false;
  RequestRates rates;  // the filter's; the file's are over them
  std::string conf_path = "/etc/swift/backend-ratelimit.conf";
  bool is_conf_path_given = false;  // backend_ratelimit_conf_path
  double reload_interval = 60;      // seconds; 0: the file is not read again
};

}  // namespace ssync
