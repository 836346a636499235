// The missing check of a session: what the sender offers, what is here, and what is wanted of it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/partition.h"
#include "common/timestamp.h"

namespace ssync {

// One line of the sender's list.
struct Offer {
  std::string object_hash;  // 32 lower-case hex digits
  Timestamp data;
  Timestamp meta;
  Timestamp content_type;
  bool durable = true;
};

// Reads "<hash> <timestamp>[ item,item…]" (ssync_receiver.decode_missing of Swift 2.32 and later:
// offsets of deltas are known, and that of the data's time is not carried over). Throws ValueError with
// Python's message; a hash that is none is refused, because it would become a path.
Offer parse_offer(std::string_view line);

// Reads the list's line of 2013: "<hash> <timestamp>" and nothing else. Throws ValueError.
Offer parse_offer_2013(std::string_view line);

// What is here of an object: nothing, a tombstone (data alone), or all three times.
struct LocalObject {
  std::optional<Timestamp> data;
  std::optional<Timestamp> meta;
  std::optional<Timestamp> content_type;
};

// "d", "m", "dm", or "" for in sync (ssync_receiver.encode_wanted).
std::string_view wanted_parts(const Offer& offer, const LocalObject& local);

// True if the sender of 2013 is to send the object: its time is newer than all that is here.
bool wanted_2013(const Offer& offer, const LocalObject& local);

// Looks the offered object up as get_diskfile_from_hash and Receiver._check_local do: cleans its hash
// directory up, takes its name from the file that sorts first, opens it with quarantine of what is damaged.
// Of an erasure-coding policy fragment_index (X-Backend-Ssync-Frag-Index) says which fragment counts. If that
// very fragment is here and only not durable, it is made durable when the offer is, and counts as had when
// the offer is not durable either.
// Throws OsError, ValueError, LockTimeout, std::runtime_error: errors that end the session.
LocalObject look_up(const Partition& partition, const Offer& offer,
                    const std::optional<std::int64_t>& fragment_index = std::nullopt);

// The same as far as it changes nothing: what look_up() would return, or nullopt if it has to be asked
// because something is to be cleaned up, quarantined, made durable or reported. partition_dir is the
// partition's directory, opened; if it could not be, look_up() has to be asked for everything. Throws
// nothing. For several threads.
std::optional<LocalObject> peek(const Partition& partition, int partition_dir, const Offer& offer,
                                const std::optional<std::int64_t>& fragment_index);

}  // namespace ssync
