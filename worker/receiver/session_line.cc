#include "worker/receiver/session_line.h"

#include <fmt/core.h>

#include "worker/protocol/markers.h"

namespace ssync {

std::string session_line(const BoardView& view, std::string_view why) {
  std::string line = why.empty() ? "session ended" : fmt::format("session cut ({})", quotable(why));
  line += fmt::format(
      ": {} objects offered, {} wanted, {} stored, {} failed, {} bytes in {:.3f} s (waited {:.3f}, list "
      "{:.3f}, "
      "updates {:.3f})",
      view.offered, view.wanted, view.stored, view.failed, view.bytes_in, view.seconds, view.seconds_waited(),
      view.seconds_in(Phase::missing_check), view.seconds_in(Phase::updates));
  const double updates = view.seconds_in(Phase::updates);
  if (view.stored != 0 && updates > 0) {
    line += fmt::format(", {:.0f} objects/s, {:.1f} MB/s", static_cast<double>(view.stored) / updates,
                        static_cast<double>(view.bytes_in) / updates / 1e6);
  }
  return line;
}

}  // namespace ssync
