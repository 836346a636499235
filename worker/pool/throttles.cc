#include "worker/pool/throttles.h"

#include <algorithm>
#include <array>
#include <climits>

#include "worker/pool/robust_mutex.h"
#include "worker/pool/shared_text.h"

namespace ssync {
namespace {

using std::chrono::nanoseconds;

constexpr nanoseconds kSecond = std::chrono::seconds(1);

// How long until what was used before is paid for, counted in the time that the limit grants. `paid_until` is
// moved on by what is used now.
nanoseconds pay(std::int64_t& paid_until, std::int64_t used, std::int64_t per_second, std::int64_t now) {
  if (per_second <= 0 || used <= 0) return {};
  paid_until = std::max(paid_until, now - nanoseconds(Throttles::kBurst).count());
  // As floating point: a day's worth of bytes in nanoseconds does not fit.
  paid_until += static_cast<std::int64_t>(static_cast<double>(used) / static_cast<double>(per_second) * 1e9);
  return nanoseconds(std::max<std::int64_t>(paid_until - now, 0));
}

// Until the part of the second begins in which sessions may work.
nanoseconds rest_of_idle_time(double share, std::int64_t now) {
  if (share <= 0) return {};
  const nanoseconds within(now % kSecond.count());
  const auto works =
      nanoseconds(static_cast<std::int64_t>((1 - share) * static_cast<double>(kSecond.count())));
  return within < works ? nanoseconds{} : kSecond - within;
}

}  // namespace

struct Throttles::Device {
  std::array<char, NAME_MAX + 1> name{};
  bool has_own_limits = false;
  bool is_drained = false;
  DeviceLimits own;
  std::int64_t bytes_paid_until = 0;  // nanoseconds of the clock
  std::int64_t objects_paid_until = 0;
};

struct Throttles::Shared {
  RobustMutex mutex;
  std::atomic<bool> any = false;  // without a limit nobody asks for the mutex
  std::atomic<bool> all_drained = false;
  std::atomic<bool> any_drained = false;  // of single devices
  DeviceLimits configured;
  std::size_t used = 0;
  std::array<Device, kMostDevices> devices;
};

Throttles::Throttles() : shared_("throttles of the pool") {}

Throttles::~Throttles() = default;

Throttles::Device* Throttles::find(std::string_view name) const {
  Device* const begin = shared_->devices.data();
  Device* const end = begin + std::min(shared_->used, kMostDevices);
  Device* const found =
      std::find_if(begin, end, [&](const Device& one) { return view_text(one.name) == name; });
  return found == end ? nullptr : found;
}

Throttles::Device* Throttles::find_or_make(std::string_view name) {
  Device* const found = find(name);
  if (found != nullptr || shared_->used >= kMostDevices) return found;
  Device& made = shared_->devices[shared_->used];
  store_text(made.name, name);
  ++shared_->used;
  return &made;
}

const DeviceLimits& Throttles::limits_of(const Device& device) const {
  return device.has_own_limits ? device.own : shared_->configured;
}

void Throttles::note_whether_any() {
  const auto end =
      shared_->devices.begin() + static_cast<std::ptrdiff_t>(std::min(shared_->used, kMostDevices));
  shared_->any = shared_->configured.any() ||
                 std::any_of(shared_->devices.begin(), end,
                             [](const Device& one) { return one.has_own_limits && one.own.any(); });
}

void Throttles::set_default(const DeviceLimits& limits) {
  const RobustLock locked(shared_->mutex);
  shared_->configured = limits;
  note_whether_any();
}

bool Throttles::set(std::string_view device, const std::optional<DeviceLimits>& limits) {
  const RobustLock locked(shared_->mutex);
  Device* const mine = find_or_make(device);
  if (mine == nullptr) return false;
  mine->has_own_limits = limits.has_value();
  mine->own = limits.value_or(DeviceLimits{});
  note_whether_any();
  return true;
}

DeviceLimits Throttles::limits(std::string_view device) const {
  const RobustLock locked(shared_->mutex);
  const Device* const found = find(device);
  return found == nullptr ? shared_->configured : limits_of(*found);
}

std::vector<Throttles::Own> Throttles::own_limits() const {
  const RobustLock locked(shared_->mutex);
  std::vector<Own> found;
  for (std::size_t number = 0; number < std::min(shared_->used, kMostDevices); ++number) {
    const Device& one = shared_->devices[number];
    if (one.has_own_limits) found.push_back({load_text(one.name), one.own});
  }
  return found;
}

bool Throttles::set_drained(std::string_view device, bool is_drained) {
  const RobustLock locked(shared_->mutex);
  if (device.empty()) {
    shared_->all_drained = is_drained;
    if (is_drained) return true;
    // Who resumes all resumes each.
    for (Device& one : shared_->devices) one.is_drained = false;
  } else {
    Device* const mine = find_or_make(device);
    if (mine == nullptr) return false;
    mine->is_drained = is_drained;
  }
  shared_->any_drained = std::ranges::any_of(shared_->devices, &Device::is_drained);
  return true;
}

bool Throttles::is_drained(std::string_view device) const {
  if (all_drained()) return true;
  if (!shared_->any_drained.load(std::memory_order_relaxed)) return false;
  const RobustLock locked(shared_->mutex);
  const Device* const found = find(device);
  return found != nullptr && found->is_drained;
}

bool Throttles::all_drained() const { return shared_->all_drained.load(std::memory_order_relaxed); }

std::vector<std::string> Throttles::drained() const {
  const RobustLock locked(shared_->mutex);
  std::vector<std::string> found;
  for (const Device& one : shared_->devices) {
    if (one.is_drained) found.push_back(load_text(one.name));
  }
  return found;
}

nanoseconds Throttles::use(std::string_view device, std::int64_t bytes, std::int64_t objects,
                           Clock::time_point now) {
  if (!shared_->any.load(std::memory_order_relaxed)) return {};
  const std::int64_t time = std::chrono::duration_cast<nanoseconds>(now.time_since_epoch()).count();
  const RobustLock locked(shared_->mutex);
  Device* const mine = find_or_make(device);
  if (mine == nullptr) return {};
  const DeviceLimits& limits = limits_of(*mine);
  const nanoseconds wait = std::max({pay(mine->bytes_paid_until, bytes, limits.bytes_per_second, time),
                                     pay(mine->objects_paid_until, objects, limits.objects_per_second, time),
                                     rest_of_idle_time(limits.idle_share, time)});
  if (wait <= kLongestWait) return wait;
  // Who is let go on before its time owes nothing for it, or all who come later would wait so long.
  const std::int64_t longest = time + nanoseconds(kLongestWait).count();
  mine->bytes_paid_until = std::min(mine->bytes_paid_until, longest);
  mine->objects_paid_until = std::min(mine->objects_paid_until, longest);
  return kLongestWait;
}

}  // namespace ssync
