// A session's wait until its partition and its device are free.
#pragma once

#include <functional>

#include "worker/pool/admission.h"
#include "worker/receiver/session.h"

namespace ssync {

// Waits until no other worker has a session of this partition, fewer than replication_concurrency_per_device
// have one of this device, and a slot is free. Up to replication_lock_timeout, as
// DiskFileManager.replication_lock does with locks; here in memory, so that sessions that wait for a device
// that hangs touch nothing of it, and hold no slot. Returns the seconds that are left. Throws LockTimeout
// with the text of Swift's lock, HttpError (503) if there was no slot at the end, Interrupted.
double await_turn(Admission& admission, const Session& session, const std::function<bool()>& interrupted);

}  // namespace ssync
