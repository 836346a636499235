#include "worker/replicator/pass_stats.h"

#include <array>

namespace ssync {
namespace {

struct Count {
  const char* name;
  std::uint64_t PassStats::*member;
};

constexpr std::array kCounts{
    Count{"attempted", &PassStats::attempted},
    Count{"failure", &PassStats::failure},
    Count{"hashmatch", &PassStats::hashmatch},
    Count{"remove", &PassStats::remove},
    Count{"rsync", &PassStats::rsync},
    Count{"success", &PassStats::success},
    Count{"suffix_count", &PassStats::suffix_count},
    Count{"suffix_hash", &PassStats::suffix_hash},
    Count{"suffix_sync", &PassStats::suffix_sync},
};
constexpr const char* kFailureNodes = "failure_nodes";

std::uint64_t count_in(const Json& value) {
  return value.is_number_unsigned() ? value.get<std::uint64_t>() : 0;
}

}  // namespace

void PassStats::add_failure(const FailedDevice& device) {
  ++failure;
  ++failure_nodes[device.first][device.second];
}

void PassStats::add_failures(const std::set<FailedDevice>& failures) {
  for (const FailedDevice& device : failures) add_failure(device);
}

PassStats& PassStats::operator+=(const PassStats& other) {
  for (const Count& count : kCounts) this->*count.member += other.*count.member;
  for (const auto& [ip, devices] : other.failure_nodes) {
    for (const auto& [device, failures] : devices) failure_nodes[ip][device] += failures;
  }
  return *this;
}

Json to_recon(const PassStats& stats) {
  Json recon = Json::object();
  for (const Count& count : kCounts) recon[count.name] = stats.*count.member;
  Json& nodes = recon[kFailureNodes] = Json::object();
  for (const auto& [ip, devices] : stats.failure_nodes) {
    for (const auto& [device, failures] : devices) nodes[ip][device] = failures;
  }
  return recon;
}

PassStats stats_from_recon(const Json& recon) {
  PassStats stats;
  if (!recon.is_object()) return stats;
  for (const Count& count : kCounts) {
    if (const auto found = recon.find(count.name); found != recon.end()) {
      stats.*count.member = count_in(*found);
    }
  }
  const auto nodes = recon.find(kFailureNodes);
  if (nodes == recon.end() || !nodes->is_object()) return stats;
  for (const auto& [ip, devices] : nodes->items()) {
    if (!devices.is_object()) continue;
    for (const auto& [device, failures] : devices.items()) {
      stats.failure_nodes[ip][device] = count_in(failures);
    }
  }
  return stats;
}

}  // namespace ssync
