// What the counters of devices were, so that there are rates.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

namespace ssync {

// Ever growing counters of one device, or of one session.
struct Flow {
  std::int64_t objects = 0;
  std::int64_t bytes = 0;
  std::int64_t failures = 0;

  Flow& operator+=(const Flow& other);
};

struct Rates {
  double objects = 0;  // per second
  double bytes = 0;
  double failures = 0;
};

// Of as many points of time as there are in a quarter of an hour. Not thread-safe.
class History {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds kStep{5};
  static constexpr std::size_t kSteps = 180;

  // What the counters are at a time. A device that is not named keeps its last values. Called about each
  // second; a point is kept each kStep.
  void add(Clock::time_point now, const std::map<std::string, Flow>& devices);

  // Per second over the time before the last add(); over less if there is less. Zero for one that is not
  // known.
  [[nodiscard]] Rates rates(const std::string& device, Clock::duration over) const;
  // Of all devices.
  [[nodiscard]] Rates rates(Clock::duration over) const;
  // Rates in each kStep up to the last point, the oldest first.
  [[nodiscard]] std::vector<Rates> steps(const std::string& device) const;
  [[nodiscard]] std::vector<std::string> devices() const;
  // Seconds since the last point.
  [[nodiscard]] double age(Clock::time_point now) const;

 private:
  struct Point {
    Clock::time_point time;
    std::map<std::string, Flow> devices;
  };

  [[nodiscard]] const Point* point_before(Clock::time_point time) const;

  std::deque<Point> points_;
  Point last_;  // newer than all points, or the same as the last one
};

}  // namespace ssync
