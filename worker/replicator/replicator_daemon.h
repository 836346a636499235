// The daemon: pass after pass, or one.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "common/config/replicator_settings.h"
#include "common/config/swift_conf.h"
#include "common/ring/node_addresses.h"
#include "worker/replicator/pass.h"
#include "worker/sender/interruption.h"

namespace ssync {

enum class RunMode { once, forever };

enum class PassReport {
  whole_node,      // the pass is of all devices: its numbers are the node's
  of_each_device,  // of one process among several: its devices' numbers, which the parent adds up
  none,            // of a part only, as asked for on the command line: says nothing of the node
};

struct DaemonTask {
  const ReplicatorSettings& settings;
  const SwiftConf& conf;
  PolicyRings rings;
  PassScope scope;
  PassReport report = PassReport::whole_node;
  std::string priority_file = {};  // priority_list.h; empty: none
  std::size_t processes = 1;       // of this node's, among which its devices are divided
  std::size_t process = 0;         // the number of this one among them
};

// The file in which a pass leaves its numbers for swift-recon.
std::string recon_path(const ReplicatorSettings& settings);

// Reads the rings of all replication policies. Throws RingError.
PolicyRings read_rings(const ReplicatorSettings& settings, const SwiftConf& conf);

// Names of this node's devices in these rings (ObjectReplicator.get_local_devices).
std::set<std::string> local_devices(const PolicyRings& rings, const ReplicatorSettings& settings);

// handoff_delete as it is in effect: 0 if no policy has more replicas than that, with a warning
// (ObjectReplicator.__init__ of 2.38).
int effective_handoff_delete(const ReplicatorSettings& settings, const PolicyRings& rings);

// One pass, which lists all partitions' directories (ObjectReplicator.run_once). Throws Interrupted.
void replicate_once(const DaemonTask& task, const Interruption& interruption);

// What one pass would do, as text (plan.h). Throws Interrupted.
std::string plan_once(const DaemonTask& task, const Interruption& interruption);

// Pass after pass, with `interval` seconds between them (run_forever); rings are read again before each.
// Ends only by Interrupted.
[[noreturn]] void replicate_forever(const DaemonTask& task, const Interruption& interruption);

}  // namespace ssync
