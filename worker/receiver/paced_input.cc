#include "worker/receiver/paced_input.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "common/os/errors.h"

namespace ssync {
namespace {

// Small pieces are counted together.
constexpr std::int64_t kTogether = std::int64_t{16} * 1024;
constexpr std::chrono::milliseconds kBetweenLooks{100};

}  // namespace

void PacedInput::use(std::size_t bytes, std::int64_t objects) {
  bytes_ += static_cast<std::int64_t>(bytes);
  if (bytes_ < kTogether && objects == 0) return;
  const std::chrono::nanoseconds wait = throttles_.use(device_, std::exchange(bytes_, 0), objects);
  if (wait.count() == 0) return;
  const auto until = Throttles::Clock::now() + wait;
  for (auto now = Throttles::Clock::now(); now < until; now = Throttles::Clock::now()) {
    if (interrupted_ && interrupted_()) throw Interrupted("interrupted while held back by a limit");
    std::this_thread::sleep_for(std::min<Throttles::Clock::duration>(until - now, kBetweenLooks));
  }
}

}  // namespace ssync
