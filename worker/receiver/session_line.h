// The line in the log that sums a session up.
#pragma once

#include <string>
#include <string_view>

#include "worker/pool/board.h"

namespace ssync {

// "session ended: 62 objects offered, 62 wanted, 62 stored, 0 failed, 260100 bytes in 0.018 s (waited 0.001,
// list 0.002, updates 0.014), 3444 objects/s, 18.1 MB/s". Rates are those of the updates, and left out
// without any. why: what cut it short; empty if it was whole.
std::string session_line(const BoardView& view, std::string_view why);

}  // namespace ssync
