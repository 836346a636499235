#include "worker/replicator/stats_lines.h"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "common/python/number.h"

namespace ssync {
namespace {

// Of no time at all something is known only if it was a little.
constexpr double kAnInstant = 0.000001;
constexpr double kSixty = 60;

// In the largest unit of which there is more than one (get_time_units), cut to whole ones.
std::string duration_text(double seconds) {
  char unit = 's';
  double amount = seconds;
  for (const char larger : {'m', 'h'}) {
    if (amount <= kSixty) break;
    amount /= kSixty;
    unit = larger;
  }
  // As '%d' does; and 0 where it would be -0.
  return fmt::format("{:.0f}{}", std::trunc(amount) + 0.0, unit);
}

std::string partitions_line(double done, double all, double elapsed) {
  const double measured = elapsed == 0 ? kAnInstant : elapsed;
  return fmt::format("{:.0f}/{:.0f} ({:.2f}%) partitions replicated in {:.2f}s ({:.2f}/sec, {} remaining)",
                     done, all, done * 100.0 / all, elapsed, done / measured,
                     duration_text(remaining_seconds(elapsed, done, all)));
}

std::string suffixes_line(const PassStats& stats) {
  const auto checked = static_cast<double>(stats.suffix_count);
  return fmt::format("{} suffixes checked - {:.2f}% hashed, {:.2f}% synced", stats.suffix_count,
                     static_cast<double>(stats.suffix_hash) * 100.0 / checked,
                     static_cast<double>(stats.suffix_sync) * 100.0 / checked);
}

std::string times_line(std::vector<double> times) {
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::ranges::nth_element(times, middle);
  const double median = *middle;
  const auto [least, most] = std::ranges::minmax(times);
  return fmt::format("Partition times: max {:.4f}s, min {:.4f}s, med {:.4f}s", most, least, median);
}

}  // namespace

double remaining_seconds(double elapsed, double done, double all) {
  return 1.0 / (done / all) * elapsed - elapsed;
}

std::vector<std::string> StatsLines::lines(const PassStats& stats, std::uint64_t jobs, double elapsed,
                                           std::vector<double> partition_times) {
  if (stats.attempted <= attempted_before_) {
    return {fmt::format("Nothing replicated for {} seconds.", python::float_text(elapsed))};
  }
  attempted_before_ = stats.attempted;
  // What is attempted is a job: without this Swift would divide by 0.
  const std::uint64_t all = std::max<std::uint64_t>(jobs, 1);
  std::vector<std::string> lines{
      partitions_line(static_cast<double>(stats.attempted), static_cast<double>(all), elapsed),
      fmt::format("{} successes, {} failures", stats.success, stats.failure)};
  if (stats.suffix_count == 0) return lines;
  lines.push_back(suffixes_line(stats));
  if (!partition_times.empty()) lines.push_back(times_line(std::move(partition_times)));
  return lines;
}

}  // namespace ssync
