// A line of the response to a missing check: the parts of an object that a receiver wants.
#pragma once

#include <string>
#include <string_view>

#include "common/layout/object_hash.h"
#include "worker/protocol/dialect.h"

namespace ssync {

struct WantedParts {
  bool data = false;
  bool meta = false;
  [[nodiscard]] bool any() const noexcept { return data || meta; }
  friend bool operator==(const WantedParts&, const WantedParts&) = default;
};

struct WantedLine {
  std::string_view object_hash;
  WantedParts parts;
};

// Parses "<hash>[ <parts>]", a non-empty line. parts is `d`, `m` or `dm`; without either letter the data is
// wanted (ssync_sender.decode_wanted). Further words are ignored.
WantedLine parse_wanted(std::string_view line);

// Appends "<hash> <parts>", in the dialect of 2013 "<hash>", without a line end
// (ssync_receiver.encode_wanted). Only for objects that are wanted.
void append_wanted(const ObjectHash& hash, WantedParts parts, Dialect dialect, std::string& text);

}  // namespace ssync
