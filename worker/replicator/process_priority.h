// The operator's nice_priority and ionice_class.
#pragma once

#include "common/config/replicator_settings.h"

namespace ssync {

// Gives this process, and those that it starts, the priorities of the settings
// (swift.common.utils.modify_priority). What fails is only logged, as in Swift.
void set_process_priority(const ReplicatorSettings& settings);

}  // namespace ssync
