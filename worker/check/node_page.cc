#include "worker/check/node_page.h"

#include <dirent.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/backend_ratelimit_conf.h"
#include "common/config/effective_text.h"
#include "common/layout/erasure_code.h"
#include "common/python/number.h"
#include "common/ring/errors.h"
#include "common/ring/node_addresses.h"
#include "common/ring/ring.h"
#include "worker/check/device_state.h"
#include "worker/check/text_table.h"

namespace ssync {
namespace {

constexpr std::chrono::seconds kPatience{5};
// Each takes a process while it is asked.
constexpr std::size_t kMaxDevices = 1000;
using Rows = std::vector<std::vector<std::string>>;

// A policy's ring, or why there is none.
struct PolicyRing {
  std::string path;
  std::optional<Ring> ring;
  std::string error;
  std::vector<const RingDevice*> local;
};

// An address as it is written before a port.
std::string with_port(const std::string& ip, int port) {
  return (ip.find(':') == std::string::npos ? ip : "[" + ip + "]") + ":" + std::to_string(port);
}

std::vector<const RingDevice*> devices_at(const Ring& ring, NodeAddresses& addresses) {
  std::vector<const RingDevice*> found;
  for (const auto& device : ring.devices()) {
    if (device && addresses.include(device->replication_ip)) found.push_back(&*device);
  }
  return found;
}

// The directories in `devices`, without looking into any.
std::vector<std::string> directories_in(const std::string& devices) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir(devices.c_str()), ::closedir);
  if (!directory) return names;
  while (const dirent* entry = ::readdir(directory.get())) {
    const bool may_be_one = entry->d_type == DT_DIR || entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN;
    if (may_be_one && entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  return names;
}

std::string state_text(const DeviceState& state, bool mount_check) {
  if (!state.has_answered) return fmt::format("does not answer within {} s", kPatience.count());
  if (!state.is_usable) {
    if (state.error != 0) return std::string(std::strerror(state.error)) + ": 507 to all";
    return mount_check ? "not mounted: 507 to all" : "no directory: 507 to all";
  }
  if (state.error != 0) return std::strerror(state.error);
  std::string text = mount_check ? "mounted" : "directory";
  if (state.is_read_only) text += ", read-only";
  if (!state.has_room) text += ", below fallocate_reserve";
  return text;
}

class NodePage {
 public:
  explicit NodePage(const Configuration& configuration)
      : settings_(configuration.settings),
        policies_(configuration.swift.policies),
        ring_ip_(settings_.ring_ip ? settings_.ring_ip->value : ""),
        addresses_(node_addresses(ring_ip_)) {
    NodeAddresses own(addresses_);
    for (const StoragePolicy& policy : policies_.all()) rings_.push_back(ring_of(policy, own));
  }

  std::string text() {
    return addresses() + "\n" + devices() + "\n" + policies() + request_rates() + without_effect() + "\n" +
           effective_text(settings_);
  }

 private:
  PolicyRing ring_of(const StoragePolicy& policy, NodeAddresses& own) {
    PolicyRing result;
    result.path = settings_.swift_dir + "/" + policy.ring_name() + ".ring.gz";
    try {
      result.ring.emplace(result.path);
      result.local = devices_at(*result.ring, own);
    } catch (const RingError& error) {
      result.error = error.what();
    }
    return result;
  }

  [[nodiscard]] std::string addresses() const {
    const std::string by =
        addresses_ != std::vector{ring_ip_} ? "of all interfaces" : option_name(*settings_.ring_ip);
    return "This node's addresses in rings (" + by + "):\n" + wrapped(addresses_);
  }

  static std::string option_name(const IniOption& option) {
    return one_line(option.name + " in [" + option.section + "] of " + option.file);
  }

  // Words on lines of at most 100 characters.
  static std::string wrapped(const std::vector<std::string>& words) {
    constexpr std::size_t kWidth = 100;
    std::string text;
    std::string line;
    for (const std::string& word : words) {
      if (!line.empty() && line.size() + word.size() + 3 > kWidth) text += std::exchange(line, "") + "\n";
      line += (line.empty() ? "  " : " ") + one_line(word);
    }
    return text + line + "\n";
  }

  std::string devices() {
    // By name: the policies in whose rings it is here.
    std::map<std::string, std::string> in_rings;
    for (std::size_t at = 0; at < rings_.size(); ++at) {
      std::set<std::string> names;
      for (const RingDevice* device : rings_[at].local) names.insert(device->device);
      for (const std::string& name : names) {
        std::string& list = in_rings[name];
        list += (list.empty() ? "" : ", ") + std::to_string(policies_.all()[at].index);
      }
    }
    for (const std::string& name : directories_in(settings_.disk.devices)) in_rings.try_emplace(name, "none");
    std::vector<std::string> names;
    for (const auto& each : in_rings) {
      if (names.size() < kMaxDevices) names.push_back(each.first);
    }
    const std::vector<DeviceState> states = device_states(settings_.disk, names, kPatience);
    Rows rows{{"device", "state", "file system", "size", "free", "in rings of policy"}};
    for (std::size_t at = 0; at < names.size(); ++at) {
      rows.push_back(device_row(names[at], states[at], in_rings[names[at]]));
    }
    std::string text = one_line(fmt::format("Devices in {} (mount_check = {}):", settings_.disk.devices,
                                            settings_.disk.mount_check)) +
                       "\n" + (names.empty() ? "  none\n" : text_table(rows));
    if (in_rings.size() > names.size()) {
      text += fmt::format("  and {} more, which were not looked at\n", in_rings.size() - names.size());
    }
    return text;
  }

  [[nodiscard]] std::vector<std::string> device_row(const std::string& name, const DeviceState& state,
                                                    const std::string& policies) const {
    const bool has_sizes = state.has_answered && state.is_usable && state.error == 0;
    std::vector<std::string> row{name,    state_text(state, settings_.disk.mount_check), "-", "-", "-",
                                 policies};
    if (!has_sizes) return row;
    if (!state.file_system.empty()) row[2] = state.file_system;
    const auto size = static_cast<double>(state.size);
    const auto available = static_cast<double>(state.available);
    row[3] = size_text(size);
    row[4] = fmt::format("{} {:.0f}%", size_text(available), size > 0 ? available / size * 100 : 0);
    return row;
  }

  std::string policies() {
    std::string text;
    for (std::size_t at = 0; at < rings_.size(); ++at) {
      text += policy_head(policies_.all()[at]) + "\n" + ring_text(rings_[at]);
      text += unchecked(policies_.all()[at]) + "\n";
    }
    return text;
  }

  static std::string policy_head(const StoragePolicy& policy) {
    std::string text = fmt::format("Policy {} {}", policy.index, policy.name);
    if (policy.is_default) text += ", default";
    if (policy.is_deprecated) text += ", deprecated";
    if (policy.type == PolicyType::replication) return one_line(text + ", replication");
    const ErasureCoding& coding = policy.erasure_coding;
    text += fmt::format(", {} {}+{}", coding.ec_type, coding.data_fragments, coding.parity_fragments);
    if (coding.duplication_factor != 1) text += fmt::format(" x {}", coding.duplication_factor);
    return one_line(text);
  }

  std::string ring_text(const PolicyRing& policy) {
    if (!policy.ring) {
      return "  no ring: " + one_line(policy.error) +
             "\n  Requests are served without it; Swift's daemons need it.\n";
    }
    const Ring& ring = *policy.ring;
    const auto count =
        std::ranges::count_if(ring.devices(), [](const auto& device) { return device.has_value(); });
    std::string text = one_line(fmt::format(
                           "  {}: format {}{}, 2^{} partitions, {} replicas, {} devices", policy.path,
                           ring.format(), ring.version() ? fmt::format(", version {}", *ring.version()) : "",
                           ring.part_power(), python::float_text(ring.replica_count()), count)) +
                       "\n";
    if (ring.next_part_power()) {
      text += fmt::format("  A part-power increase is under way, to {}.\n", *ring.next_part_power());
    }
    return text + (policy.local.empty() ? nothing_here(ring) : local_devices(policy));
  }

  // With what may be wrong, as where bind_ip is 127.0.0.1 since nginx has the address in the ring.
  static std::string nothing_here(const Ring& ring) {
    std::string text = "  None of its devices is at this node's addresses.\n";
    std::set<std::string> others;
    NodeAddresses machine(node_addresses(""));
    for (const RingDevice* device : devices_at(ring, machine)) others.insert(device->replication_ip);
    if (!others.empty()) {
      text += one_line(
                  fmt::format("  Some are at other addresses of this machine ({}): set ring_ip in [DEFAULT].",
                              fmt::join(others, ", "))) +
              "\n";
    }
    return text;
  }

  static std::string local_devices(const PolicyRing& policy) {
    Rows rows{{"id", "device", "region", "zone", "address", "replication address", "weight", "partitions"}};
    for (const RingDevice* device : policy.local) {
      rows.push_back({std::to_string(device->id), device->device, std::to_string(device->region),
                      std::to_string(device->zone), with_port(device->ip, device->port),
                      with_port(device->replication_ip, device->replication_port),
                      python::float_text(device->weight),
                      std::to_string(policy.ring->partitions_of(device->id))});
    }
    return text_table(rows);
  }

  // Of a policy whose fragments are stored as they come, since this machine cannot read their headers.
  static std::string unchecked(const StoragePolicy& policy) {
    if (policy.type != PolicyType::erasure_coding) return {};
    const ErasureCoding& coding = policy.erasure_coding;
    const int error = ErasureCode(coding).error();
    if (error == 0) return {};
    return one_line(fmt::format(
               "not checked: fragments of [storage-policy:{}] {}: liberasurecode has no {} {}+{} on this "
               "machine (error {}); install its backend to have damaged fragments found",
               policy.index, policy.name, coding.ec_type, coding.data_fragments, coding.parity_fragments,
               error)) +
           "\n";
  }

  // Of the middleware backend_ratelimit, as its file has them now.
  std::string request_rates() {
    const BackendRatelimitSettings& limit = settings_.middleware.backend_ratelimit;
    if (!limit.is_served) return {};
    const BackendRatelimitFile file = read_backend_ratelimit_file(limit.conf_path, limit.rates);
    const bool is_loaded = file.outcome == BackendRatelimitFile::Outcome::loaded;
    const RequestRates& rates = is_loaded ? file.rates : limit.rates;
    std::vector<std::string> words;
    const auto add = [&](std::string_view name, double rate) {
      if (rate != 0) words.push_back(fmt::format("{} {}", name, python::float_text(rate)));
    };
    add("all", rates.all_methods);
    for (std::size_t at = 0; at < kRateLimitedMethods.size(); ++at) {
      add(kRateLimitedMethods[at], rates.by_method[at]);
    }
    std::string text = "Requests that each device answers in a second (backend_ratelimit): ";
    text += words.empty() ? std::string("no limit")
                          : fmt::format("{}; unused ones of {} s at once", fmt::join(words, ", "),
                                        python::float_text(rates.buffer));
    const bool is_missing = file.outcome == BackendRatelimitFile::Outcome::unreadable;
    if (is_loaded || (is_missing && !limit.is_conf_path_given)) return text + "\n";
    return text + "\n  " + one_line(limit.conf_path + " is passed over: " + file.why) + "\n";
  }

  std::string without_effect() {
    std::string text;
    if (!settings_.filters.empty()) {
      text += one_line(fmt::format("no effect: filters in the pipeline of {}: {}",
                                   settings_.object_server_conf, fmt::join(settings_.filters, " "))) +
              "\n";
    }
    for (const std::string& option : settings_.without_effect) text += "no effect: " + option + "\n";
    return text;
  }

  const Settings& settings_;
  const StoragePolicies& policies_;
  std::string ring_ip_;
  std::vector<std::string> addresses_;
  std::vector<PolicyRing> rings_;
};

}  // namespace

std::string node_page(const Configuration& configuration) { return NodePage(configuration).text(); }

}  // namespace ssync
