// The marker lines of a session, in both directions, and the error line that ends it early.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ssync {

inline constexpr std::string_view kMissingCheckStart = ":MISSING_CHECK: START";
inline constexpr std::string_view kMissingCheckEnd = ":MISSING_CHECK: END";
inline constexpr std::string_view kUpdatesStart = ":UPDATES: START";
inline constexpr std::string_view kUpdatesEnd = ":UPDATES: END";
// Around the lines of held.h, before the receiver's UPDATES: START.
inline constexpr std::string_view kHeldStart = ":HELD: START";
inline constexpr std::string_view kHeldEnd = ":HELD: END";
inline constexpr std::string_view kLineEnd = "\r\n";

// ":ERROR: <status> <repr>\n", ended by LF alone as in Swift. repr is Python's repr() of the error.
std::string error_line(int status, std::string_view repr);
bool is_error_line(std::string_view line);

// The part of a line that may be quoted to the peer or in a log: its first 1,024 bytes.
std::string_view quotable(std::string_view line);

}  // namespace ssync
