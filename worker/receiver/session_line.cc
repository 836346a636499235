#include "worker/receiver/session_line.h"

#include <fmt/core.h>

#include <cmath>
#include <optional>

#include "worker/protocol/markers.h"

namespace ssync {
namespace {

// Nobody measures less than a microsecond.
double in_microseconds(double seconds) { return std::round(seconds * 1e6) / 1e6; }

// Of the updates, per second.
struct Rates {
  double objects = 0;
  double bytes = 0;
};

std::optional<Rates> rates_of(const BoardView& view) {
  const double updates = view.seconds_in(Phase::updates);
  if (view.stored == 0 || updates <= 0) return std::nullopt;
  return Rates{.objects = static_cast<double>(view.stored) / updates,
               .bytes = static_cast<double>(view.update_bytes) / updates};
}

}  // namespace

std::string session_line(const BoardView& view, std::string_view why) {
  std::string line = why.empty() ? "session ended" : fmt::format("session cut ({})", quotable(why));
  line += fmt::format(
      ": {} objects offered, {} wanted, {} stored, {} failed, {} bytes in {:.3f} s (waited {:.3f}, list "
      "{:.3f}, "
      "updates {:.3f})",
      view.offered, view.wanted, view.stored, view.failed, view.bytes_in, view.seconds, view.seconds_waited(),
      view.seconds_in(Phase::missing_check), view.seconds_in(Phase::updates));
  if (const auto rates = rates_of(view)) {
    line += fmt::format(", {:.0f} objects/s, {:.1f} MB/s", rates->objects, rates->bytes / 1e6);
  }
  return line;
}

std::vector<log::Field> session_fields(const BoardView& view, std::string_view why) {
  std::vector<log::Field> fields{{"outcome", std::string(why.empty() ? "ended" : "cut")}};
  if (!why.empty()) fields.push_back({"reason", std::string(quotable(why))});
  fields.insert(fields.end(), {{"offered", view.offered},
                               {"wanted", view.wanted},
                               {"stored", view.stored},
                               {"failed", view.failed},
                               {"bytes", view.bytes_in},
                               {"seconds", in_microseconds(view.seconds)},
                               {"wait_seconds", in_microseconds(view.seconds_waited())},
                               {"lock_seconds", in_microseconds(view.seconds_in(Phase::locking))},
                               {"list_seconds", in_microseconds(view.seconds_in(Phase::missing_check))},
                               {"update_seconds", in_microseconds(view.seconds_in(Phase::updates))}});
  if (const auto rates = rates_of(view)) {
    fields.push_back({"objects_per_second", std::round(rates->objects)});
    fields.push_back({"bytes_per_second", std::round(rates->bytes)});
  }
  return fields;
}

}  // namespace ssync
