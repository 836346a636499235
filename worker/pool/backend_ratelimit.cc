#include "worker/pool/backend_ratelimit.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <climits>
#include <cstdint>
#include <string>

#include "common/config/backend_ratelimit_conf.h"
#include "common/os/log.h"
#include "worker/pool/rate_limiter.h"
#include "worker/pool/robust_mutex.h"
#include "worker/pool/shared_text.h"

namespace ssync {

struct BackendRatelimit::Device {
  std::array<char, NAME_MAX + 1> name{};
  RateLimiter all_methods;
  std::array<RateLimiter, kRateLimitedMethods.size()> by_method;

  // Milliseconds; see RateLimiter::next().
  [[nodiscard]] double last() const {
    double latest = all_methods.next();
    for (const RateLimiter& limiter : by_method) latest = std::max(latest, limiter.next());
    return latest;
  }
};

struct BackendRatelimit::Shared {
  RobustMutex mutex;
  std::atomic<bool> is_on = false;      // without a limit nobody asks for the mutex
  std::atomic<bool> is_served = false;  // there may be a limit in the file some day
  std::atomic<double> looked_at = 0;    // seconds; the file
  std::atomic<double> reload_interval = 0;
  RequestRates of_filter;
  RequestRates rates;
  std::array<char, PATH_MAX> conf_path{};
  bool is_file_expected = false;
  std::uint64_t configured = 0;  // how often
  std::size_t used = 0;
  std::array<Device, kMostDevices> devices;
};

BackendRatelimit::BackendRatelimit() : shared_("rate limits of the pool") {}

BackendRatelimit::~BackendRatelimit() = default;

BackendRatelimit::Time BackendRatelimit::now() { return std::chrono::steady_clock::now().time_since_epoch(); }

void BackendRatelimit::configure(const BackendRatelimitSettings& settings, Time at) {
  {
    const RobustLock locked(shared_->mutex);
    shared_->of_filter = shared_->rates = settings.rates;
    ++shared_->configured;
    store_text(shared_->conf_path, settings.conf_path);
    shared_->is_file_expected = settings.is_conf_path_given;
    shared_->reload_interval = settings.reload_interval;
    shared_->looked_at = at.count();
    shared_->is_served = settings.is_served;
    shared_->is_on = settings.is_served && settings.rates.any();
  }
  if (settings.is_served) load_file();
}

void BackendRatelimit::reload_if_due(Time at) {
  if (!shared_->is_served.load(std::memory_order_relaxed)) return;
  const double interval = shared_->reload_interval;
  double looked_at = shared_->looked_at;
  if (interval == 0 || !(at.count() - looked_at >= interval)) return;
  if (shared_->looked_at.compare_exchange_strong(looked_at, at.count())) load_file();
}

// BackendRateLimitMiddleware._load_config_file. Without the mutex while the file is read, which may hang.
void BackendRatelimit::load_file() {
  std::string path;
  RequestRates of_filter;
  std::uint64_t configured = 0;
  {
    const RobustLock locked(shared_->mutex);
    configured = shared_->configured;
    path = load_text(shared_->conf_path);
    of_filter = shared_->of_filter;
  }
  const BackendRatelimitFile file = read_backend_ratelimit_file(path, of_filter);
  bool was_expected = false;
  bool is_changed = false;
  {
    const RobustLock locked(shared_->mutex);
    if (shared_->configured != configured) return;  // The pool was reloaded meanwhile.
    was_expected = shared_->is_file_expected;
    if (file.outcome == BackendRatelimitFile::Outcome::loaded) {
      is_changed = shared_->rates != file.rates;
      shared_->rates = file.rates;
      shared_->is_on = shared_->is_served && file.rates.any();
      shared_->is_file_expected = true;
    } else if (file.outcome == BackendRatelimitFile::Outcome::unreadable) {
      shared_->is_file_expected = false;
    }
  }
  switch (file.outcome) {
    case BackendRatelimitFile::Outcome::unreadable:
      if (was_expected) log::warning("Failed to load config file, config unchanged: {}", file.why);
      break;
    case BackendRatelimitFile::Outcome::invalid:
      log::warning("Invalid config file {}, config unchanged: {}", path, file.why);
      break;
    case BackendRatelimitFile::Outcome::loaded:
      if (is_changed) {
        log::info("Loaded config file {}, config changed", path);
      } else if (!was_expected) {
        log::info("Loaded new config file {}, config unchanged", path);
      } else {
        log::debug("Loaded existing config file {}, config unchanged", path);
      }
      break;
  }
}

BackendRatelimit::Device& BackendRatelimit::device_of(std::string_view name, double now_seconds) {
  Device* const begin = shared_->devices.data();
  Device* const end = begin + std::min(shared_->used, kMostDevices);
  name = name.substr(0, NAME_MAX);
  Device* found = std::find_if(begin, end, [&](const Device& one) { return view_text(one.name) == name; });
  if (found != end) return *found;
  if (shared_->used < kMostDevices) {
    ++shared_->used;
  } else {
    // Senders may make names up, of which each is asked for once: they go before a device that is busy.
    const double idle_since = (now_seconds - shared_->rates.buffer) * RateLimiter::kMilliseconds;
    found = std::find_if(begin, end, [&](const Device& one) { return one.last() < idle_since; });
    if (found == end) {
      found = std::min_element(
          begin, end, [](const Device& one, const Device& other) { return one.last() < other.last(); });
    }
  }
  *found = Device{};
  store_text(found->name, name);
  return *found;
}

bool BackendRatelimit::allows(std::string_view device, std::string_view method, Time at) {
  if (!is_on()) return true;
  const auto index = rate_limited_method(method);
  if (!index) return true;
  const RobustLock locked(shared_->mutex);
  const RequestRates& rates = shared_->rates;
  Device& mine = device_of(device, at.count());
  return mine.all_methods.allows(rates.all_methods, rates.buffer, at.count()) &&
         mine.by_method[*index].allows(rates.by_method[*index], rates.buffer, at.count());
}

bool BackendRatelimit::is_on() const { return shared_->is_on.load(std::memory_order_relaxed); }

}  // namespace ssync
