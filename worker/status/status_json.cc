#include "worker/status/status_json.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "worker/status/replicator_json.h"

namespace ssync {
namespace {

using nlohmann::json;

constexpr std::array<std::pair<const char*, std::chrono::seconds>, 3> kSpans{
    {{"1m", std::chrono::seconds(60)},
     {"5m", std::chrono::seconds(300)},
     {"15m", std::chrono::seconds(900)}}};

std::string text_of(const json& value) { return value.dump(-1, ' ', false, json::error_handler_t::replace); }

json rates_json(const Rates& rates) {
  return {{"objects", rates.objects}, {"bytes", rates.bytes}, {"failures", rates.failures}};
}

template <typename RatesOver>
json spans_json(const RatesOver& rates_over) {
  json spans;
  for (const auto& [name, span] : kSpans) spans[name] = rates_json(rates_over(span));
  return spans;
}

json counts_json(const DeviceCounts& counts) {
  return {{"sessions", counts.sessions},
          {"sessions_cut", counts.sessions_cut},
          {"sessions_refused", counts.sessions_refused},
          {"offered", counts.offered},
          {"wanted", counts.wanted},
          {"stored", counts.stored},
          {"failed", counts.failed},
          {"bytes_in", counts.bytes_in},
          {"replicate_requests", counts.replicate_requests},
          {"reads", counts.reads},
          {"requests_refused", counts.requests_refused},
          {"errors", counts.errors},
          {"quarantined", counts.quarantined},
          {"wait_seconds", static_cast<double>(counts.wait_microseconds) / 1e6},
          {"update_seconds", static_cast<double>(counts.update_microseconds) / 1e6}};
}

double share(std::int64_t part, std::int64_t whole) {
  return whole <= 0 ? 0 : std::min(1.0, static_cast<double>(part) / static_cast<double>(whole));
}

double per_second(std::int64_t count, double seconds) {
  return seconds <= 0 ? 0 : static_cast<double>(count) / seconds;
}

json session_json(const BoardView& worker) {
  const double updates = worker.seconds_in(Phase::updates);
  return {{"id", worker.pid},
          {"method", worker.request.method},
          {"remote_addr", worker.request.remote_addr},
          {"device", worker.request.device},
          {"partition", worker.request.partition},
          {"policy", worker.request.policy},
          {"phase", phase_text(worker.phase)},
          {"waiting", worker.is_waiting},
          {"seconds", worker.seconds},
          {"wait_seconds", worker.seconds_waited()},
          {"lock_seconds", worker.seconds_in(Phase::locking)},
          {"list_seconds", worker.seconds_in(Phase::missing_check)},
          {"update_seconds", updates},
          {"lines", worker.lines},
          {"offered", worker.offered},
          {"wanted", worker.wanted},
          {"stored", worker.stored},
          {"failed", worker.failed},
          {"bytes_in", worker.bytes_in},
          {"share", share(worker.stored + worker.failed, worker.wanted)},
          {"objects_per_second", per_second(worker.stored, updates)},
          {"bytes_per_second", per_second(worker.update_bytes, updates)}};
}

json request_json(const BoardView& worker) {
  return {{"id", worker.pid},
          {"method", worker.request.method},
          {"remote_addr", worker.request.remote_addr},
          {"device", worker.request.device},
          {"phase", phase_text(worker.phase)},
          {"seconds", worker.seconds}};
}

json pool_json(const PoolState& state, const std::string& version) {
  std::map<std::string, int> phases;
  int leaving = 0;
  int beside = 0;
  int waiting = 0;
  for (const BoardView& worker : state.workers) {
    ++phases[std::string(phase_text(worker.phase))];
    if (worker.is_leaving) {
      ++leaving;
      continue;
    }
    if (worker.is_waiting) ++waiting;
    if (worker.is_waiting || (!worker.request.method.empty() && !is_session(worker))) ++beside;
  }
  return {{"version", version},
          {"started", state.facts.started},
          {"uptime", state.time - static_cast<double>(state.facts.started)},
          {"deaths", state.facts.deaths},
          {"reloads", state.facts.reloads},
          {"backoff", state.backoff ? json(*state.backoff) : json()},
          {"drained", state.all_drained},
          {"workers",
           {{"configured", state.room.workers},
            {"running", state.workers.size()},
            {"leaving", leaving},
            {"phases", phases}}},
          {"slots",
           {{"all", state.room.slots}, {"free", state.room.slots > 0 ? json(state.free_slots) : json()}}},
          {"room",
           {{"beside_sessions", state.room.beside_sessions()},
            {"beside_sessions_used", beside},
            {"for_one_device", state.room.for_one_device()},
            {"waiting", state.room.waiting()},
            {"waiting_used", waiting}}}};
}

json limits_json(const PoolState& state, const std::string& device) {
  const auto found = state.limits.find(device);
  const DeviceLimits limits = found == state.limits.end() ? DeviceLimits{} : found->second;
  return {{"bytes_per_second", limits.bytes_per_second},
          {"objects_per_second", limits.objects_per_second},
          {"idle_share", limits.idle_share}};
}

json optional_number(std::int64_t value, std::int64_t none) { return value == none ? json() : json(value); }

json device_json(const DeviceTotals& device, const PoolState& state, const History& history) {
  int running = 0;
  int waiting = 0;
  for (const BoardView& worker : state.workers) {
    if (!is_session(worker) || worker.request.device != device.device) continue;
    ++(worker.is_waiting ? waiting : running);
  }
  return {
      {"device", device.device},
      {"sessions_running", running},
      {"sessions_waiting", waiting},
      {"limits", limits_json(state, device.device)},
      {"drained", state.drained.contains(device.device)},
      {"counts", counts_json(device.counts)},
      {"rates", spans_json([&](std::chrono::seconds span) { return history.rates(device.device, span); })},
      {"last_success", optional_number(device.last_success, 0)},
      {"free_bytes", optional_number(device.free_bytes, -1)},
      {"size_bytes", optional_number(device.size_bytes, -1)}};
}

// With those of which no session has ended yet.
std::vector<DeviceTotals> all_devices(const PoolState& state) {
  std::vector<DeviceTotals> devices = state.devices;
  const auto add = [&](const std::string& name) {
    if (std::ranges::find(devices, name, &DeviceTotals::device) == devices.end()) {
      devices.push_back({.device = name, .counts = {}});
    }
  };
  for (const auto& [name, limits] : state.limits) add(name);
  for (const BoardView& worker : state.workers) {
    if (is_session(worker)) add(worker.request.device);
  }
  std::ranges::sort(devices, {}, &DeviceTotals::device);
  return devices;
}

}  // namespace

std::string status_json(const PoolState& state, const History& history, const std::string& version) {
  json sessions = json::array();
  json requests = json::array();
  for (const BoardView& worker : state.workers) {
    if (worker.request.method.empty()) continue;
    if (is_session(worker)) {
      sessions.push_back(session_json(worker));
    } else {
      requests.push_back(request_json(worker));
    }
  }
  json devices = json::array();
  DeviceCounts sum;
  for (const DeviceTotals& device : all_devices(state)) {
    devices.push_back(device_json(device, state, history));
    sum += device.counts;
  }
  json failures = json::array();
  for (const RecentFailure& failure : state.failures) {
    failures.push_back({{"time", failure.time},
                        {"device", failure.device},
                        {"partition", failure.partition},
                        {"remote_addr", failure.remote_addr},
                        {"reason", failure.reason}});
  }
  return text_of({{"time", state.time},
                  {"pool", pool_json(state, version)},
                  {"sessions", std::move(sessions)},
                  {"requests", std::move(requests)},
                  {"devices", std::move(devices)},
                  {"totals",
                   {{"counts", counts_json(sum)},
                    {"rates", spans_json([&](std::chrono::seconds span) { return history.rates(span); })}}},
                  {"failures", std::move(failures)},
                  {"replicator", replicator_json(state.replicator, state.time)}});
}

std::string history_json(const History& history) {
  json devices = json::object();
  for (const std::string& device : history.devices()) {
    json objects = json::array();
    json bytes = json::array();
    for (const Rates& rates : history.steps(device)) {
      objects.push_back(rates.objects);
      bytes.push_back(rates.bytes);
    }
    devices[device] = {{"objects", std::move(objects)}, {"bytes", std::move(bytes)}};
  }
  return text_of({{"step_seconds", History::kStep.count()},
                  {"steps", History::kSteps},
                  {"age", history.age(History::Clock::now())},
                  {"devices", std::move(devices)}});
}

}  // namespace ssync
