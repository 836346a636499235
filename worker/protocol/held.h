// A line about an object that a receiver has at the end of a session: ours alone, for senders that ask for
// it.
#pragma once

#include <string>
#include <string_view>

#include "common/layout/object_hash.h"
#include "common/layout/timestamp.h"

namespace ssync {

struct HeldObject {
  ObjectHash hash{};
  bool is_deleted = false;  // a tombstone, of the time `data`
  Timestamp data;
  Timestamp meta;  // equal to data without a POST
};

// Parses "<hash> data|deleted <timestamp> <timestamp>", the times with their offsets. Throws ValueError.
HeldObject parse_held(std::string_view line);

// Appends the line and its end.
void append_held(const HeldObject& held, std::string& text);

}  // namespace ssync
