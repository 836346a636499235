#include "worker/status/history.h"

#include <algorithm>

namespace ssync {
namespace {

Flow flow_of(const std::map<std::string, Flow>& devices, const std::string& device) {
  const auto found = devices.find(device);
  return found == devices.end() ? Flow{} : found->second;
}

// Counters of a session that is cut may go back a little.
Rates rates_between(const Flow& before, const Flow& after, double seconds) {
  const auto rate = [&](std::int64_t from, std::int64_t to) {
    return seconds <= 0 ? 0.0 : static_cast<double>(std::max<std::int64_t>(to - from, 0)) / seconds;
  };
  return {.objects = rate(before.objects, after.objects),
          .bytes = rate(before.bytes, after.bytes),
          .failures = rate(before.failures, after.failures)};
}

double seconds_between(History::Clock::time_point from, History::Clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

Flow& Flow::operator+=(const Flow& other) {
  objects += other.objects;
  bytes += other.bytes;
  failures += other.failures;
  return *this;
}

void History::add(Clock::time_point now, const std::map<std::string, Flow>& devices) {
  last_.time = now;
  for (const auto& [device, flow] : devices) last_.devices[device] = flow;
  if (!points_.empty() && now - points_.back().time < kStep) return;
  points_.push_back(last_);
  // One more than there are steps between them.
  if (points_.size() > kSteps + 1) points_.pop_front();
}

// The last one at that time or before; the first one if there is none.
const History::Point* History::point_before(Clock::time_point time) const {
  if (points_.empty()) return nullptr;
  const auto after = std::ranges::upper_bound(points_, time, {}, &Point::time);
  return after == points_.begin() ? &points_.front() : &*std::prev(after);
}

Rates History::rates(const std::string& device, Clock::duration over) const {
  const Point* const from = point_before(last_.time - over);
  if (from == nullptr) return {};
  return rates_between(flow_of(from->devices, device), flow_of(last_.devices, device),
                       seconds_between(from->time, last_.time));
}

Rates History::rates(Clock::duration over) const {
  Rates sum;
  for (const auto& [device, flow] : last_.devices) {
    const Rates one = rates(device, over);
    sum.objects += one.objects;
    sum.bytes += one.bytes;
    sum.failures += one.failures;
  }
  return sum;
}

std::vector<Rates> History::steps(const std::string& device) const {
  std::vector<Rates> found;
  for (std::size_t number = 1; number < points_.size(); ++number) {
    const Point& before = points_[number - 1];
    const Point& after = points_[number];
    found.push_back(rates_between(flow_of(before.devices, device), flow_of(after.devices, device),
                                  seconds_between(before.time, after.time)));
  }
  return found;
}

std::vector<std::string> History::devices() const {
  std::vector<std::string> names;
  for (const auto& [device, flow] : last_.devices) names.push_back(device);
  return names;
}

double History::age(Clock::time_point now) const {
  return points_.empty() ? 0 : seconds_between(points_.back().time, now);
}

}  // namespace ssync
