// What --check prints.
#pragma once

#include <string>

#include "common/config/configuration.h"

namespace ssync {

// The node as this configuration would serve it, as text for a ticket: each device with its state, file
// system and free space; each policy with its ring and the ring's devices on this node; what has no effect;
// then the text of a worker.conf with all settings, and where each comes from. Nothing is changed, no secret
// is shown. A device that hangs is waited for a few seconds.
std::string node_page(const Configuration& configuration);

}  // namespace ssync
