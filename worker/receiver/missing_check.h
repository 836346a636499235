// The first phase of a session: the sender lists its objects, and the receiver answers which ones it wants.
#pragma once

#include <cstddef>
#include <string>

#include "common/os/disk_threads.h"
#include "worker/receiver/offered_objects.h"
#include "worker/receiver/session.h"
#include "worker/request/streams.h"

namespace ssync {

// Bytes of wanted lines, which are held until the sender's END: some seven million objects. Swift has no
// bound.
inline constexpr std::size_t kMaxWantedBytes = std::size_t{256} << 20;

// Reads the sender's list up to its END, looks up each object, and returns the lines of the wanted ones,
// separated by line ends (Receiver.missing_check). Throws std::length_error if they are longer than
// max_bytes, ValueError for a malformed line, and the exceptions
// of look_up() and input. Adds the objects to offered. Before it throws, the
// objects offered so far are looked up, as if each had been looked up on arrival; except for Interrupted,
// since a worker that stops does not answer.
std::string wanted_lines(const Session& session, RequestInput& input, DiskThreads& threads,
                         OfferedObjects& offered, std::size_t max_bytes = kMaxWantedBytes);

}  // namespace ssync
