// The line in the log that sums a session up.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/os/log_context.h"
#include "worker/pool/board.h"

namespace ssync {

// "session ended: 62 objects offered, 62 wanted, 62 stored, 0 failed, 260100 bytes in 0.018 s (waited 0.001,
// list 0.002, updates 0.014), 3444 objects/s, 18.1 MB/s". Rates are those of the updates, and left out
// without any. why: what cut it short; empty if it was whole.
std::string session_line(const BoardView& view, std::string_view why);

// The same as fields: outcome (ended, cut), reason (of one that was cut), offered, wanted, stored, failed,
// bytes, seconds, wait_seconds, of which lock_seconds for locks, list_seconds, update_seconds, and
// objects_per_second and bytes_per_second of the updates, if there were any.
std::vector<log::Field> session_fields(const BoardView& view, std::string_view why);

}  // namespace ssync
