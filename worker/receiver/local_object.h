// Looks up the local state of an offered object.
#pragma once

#include <cstdint>
#include <optional>

#include "common/layout/partition.h"
#include "common/layout/timestamp.h"
#include "worker/protocol/offer.h"

namespace ssync {

// The local timestamps of an object: none, that of a tombstone (data alone), or all three.
struct LocalObject {
  std::optional<Timestamp> data;
  std::optional<Timestamp> meta;
  std::optional<Timestamp> content_type;
};

// Looks up the offered object as get_diskfile_from_hash and Receiver._check_local do: cleans up its hash
// directory, takes its name from the file that sorts first, and opens it, with quarantine of a damaged
// object. Unlike there, nothing is found if that file names another object. For an erasure-coding policy,
// fragment_index (X-Backend-Ssync-Frag-Index) selects the fragment. If that fragment exists here but is not
// durable, it is made durable if the offer is durable, and counts as in sync if not. Throws OsError,
// ValueError, LockTimeout, std::runtime_error: errors that end the session.
LocalObject look_up(const Partition& partition, const Offer& offer,
                    const std::optional<std::int64_t>& fragment_index = std::nullopt);

// The read-only part of look_up(): its result, or nullopt if look_up() has to be called because something
// needs clean-up, quarantine, a durable rename or a log message. partition_dir is the opened partition
// directory; if it could not be opened, the result is always nullopt. Does not throw. Thread-safe.
std::optional<LocalObject> peek(const Partition& partition, int partition_dir, const Offer& offer,
                                const std::optional<std::int64_t>& fragment_index);

}  // namespace ssync
