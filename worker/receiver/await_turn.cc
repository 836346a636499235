#include "worker/receiver/await_turn.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "common/os/errors.h"
#include "common/os/lock_path.h"
#include "common/python/number.h"
#include "worker/http/errors.h"
#include "worker/http/status.h"

namespace ssync {
namespace {

using Clock = std::chrono::steady_clock;

// Who dies does not announce that it has left.
constexpr std::chrono::milliseconds kBetweenLooks{10};

double seconds_until(Clock::time_point end) {
  return std::chrono::duration<double>(end - Clock::now()).count();
}

}  // namespace

double await_turn(Admission& admission, const Session& session, const std::function<bool()>& interrupted) {
  const int timeout = session.settings.replication_lock_timeout;
  const Clock::time_point deadline = Clock::now() + std::chrono::seconds(timeout);
  // Swift asks for the device's lock with what is left when it has the partition's.
  std::optional<double> left_for_device;
  for (;;) {
    const std::uint32_t seen = admission.departures().seen();
    const Turn turn = admission.take_turn();
    if (turn == Turn::taken) return std::max(0.0, seconds_until(deadline));
    if (turn != Turn::partition_busy && !left_for_device) left_for_device = seconds_until(deadline);
    if (interrupted && interrupted()) throw Interrupted("interrupted while waiting for a session's turn");
    if (Clock::now() >= deadline) {
      if (turn == Turn::no_slot) throw HttpError(standard_answer(503));
      if (turn == Turn::partition_busy) {
        throw lock_timeout(std::to_string(timeout), session.partition.path() + "/.lock-replication");
      }
      throw lock_timeout(python::float_text(*left_for_device), session.partition.device_path + "/.lock");
    }
    const Clock::duration left = deadline - Clock::now();
    admission.departures().wait(seen, std::clamp<Clock::duration>(left, {}, kBetweenLooks));
  }
}

}  // namespace ssync
