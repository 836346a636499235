// The location of an object at another partition power, while a ring's power is being increased.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/layout/object_name.h"
#include "common/layout/partition.h"

namespace ssync {

// Reads a partition power as Python's int() does; negative values count as 0. Throws ValueError if it is not
// an integer.
std::int64_t parse_partition_power(std::string_view text);

// The partition that a hash of 32 hex digits belongs to (swift.common.utils.get_partition_for_hash): its
// first `power` bits. A power of 0 gives partition 0. Throws ValueError above 32, with Python's message.
std::uint32_t partition_of_hash(std::string_view hash, std::int64_t power);

// The hash's directory in the partition of that power, on the same device and under the same policy
// (swift.common.utils.replace_partition_in_path). Throws ValueError.
std::string hash_dir_at_power(const Partition& partition, std::string_view hash, std::int64_t power);

// The meaning of X-Backend-Next-Part-Power for an object: the ring's partition power is being increased, and
// the object has a hash directory at another power too.
struct PowerIncrease {
  // The hash directory at the next power or, if the request already uses the next power, at the previous one.
  std::string other_hash_dir = {};
  // True if that is at the next power: files are linked there too. At the previous power, obsolete files are
  // only cleaned up.
  bool needs_link = false;
  // Python's message if the header is not a valid power: Swift notices after it has linked the file, and
  // answers 500.
  std::optional<std::string> refusal = {};

  // nullopt for an empty header.
  static std::optional<PowerIncrease> from_header(const Partition& partition, const ObjectName& name,
                                                  std::string_view header);
};

}  // namespace ssync
