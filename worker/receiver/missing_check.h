// The first phase of a session: the sender lists its objects, and the receiver answers which ones it wants.
#pragma once

#include <string>

#include "common/os/disk_threads.h"
#include "worker/receiver/session.h"
#include "worker/request/streams.h"

namespace ssync {

// Reads the sender's list up to its END, looks up each object, and returns the lines of the wanted ones,
// separated by line ends (Receiver.missing_check). Throws ValueError for a malformed line, and the exceptions
// of look_up() and input. Before it throws, the objects offered so far are looked up, as if each had been
// looked up on arrival; except for Interrupted, since a worker that stops does not answer.
std::string wanted_lines(const Session& session, RequestInput& input, DiskThreads& threads);

}  // namespace ssync
