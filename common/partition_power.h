// Where an object lies under another partition power, while a ring's power is being increased.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/partition.h"

namespace ssync {

// Reads a partition power as Python's int() does; negative ones are as good as 0. Throws ValueError for
// what is no integer.
std::int64_t parse_partition_power(std::string_view text);

// The partition that a hash of 32 hex digits belongs to (swift.common.utils.get_partition_for_hash): its
// first `power` bits. Throws ValueError above 32, with Python's message; no bits give partition 0.
std::uint32_t partition_of_hash(std::string_view hash, std::int64_t power);

// The hash's directory in the partition of that power, on the same device and under the same policy
// (swift.common.utils.replace_partition_in_path). Throws ValueError.
std::string hash_dir_at_power(const Partition& partition, std::string_view hash, std::int64_t power);

}  // namespace ssync
