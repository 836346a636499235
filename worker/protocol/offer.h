// A line of the missing check: the timestamps of a sender's object.
#pragma once

#include <string>
#include <string_view>

#include "common/layout/object_hash.h"
#include "common/layout/timestamp.h"
#include "worker/protocol/dialect.h"

namespace ssync {

struct Offer {
  ObjectHash hash{};
  Timestamp data;          // of the data or the tombstone
  Timestamp meta;          // equal to data without a POST
  Timestamp content_type;  // likewise
  bool durable = true;

  // With the timestamps of metadata and content type equal to that of the data.
  static Offer of(const ObjectHash& hash, const Timestamp& data) {
    return {.hash = hash, .data = data, .meta = data, .content_type = data};
  }
};

// Parses "<hash> <timestamp>[ item,item…]" (ssync_receiver.decode_missing of Swift 2.32 and later: deltas may
// have offsets, and the offset of the data's timestamp is not applied to them); in the dialect of 2013 only
// "<hash> <timestamp>". Throws ValueError with Python's message. An invalid hash is refused, because it would
// become part of a path.
Offer parse_offer(std::string_view line, Dialect dialect = Dialect::ssync);

// Appends "<hash> <timestamp>[ item[,item]…]\r\n" (ssync_sender.encode_missing of 2.30.1). As there, the
// timestamps of metadata and content type are sent without their offsets: receivers before 2.32 end the
// session at "m:<delta>__<offset>".
void append_offer(const Offer& offer, std::string& text);

}  // namespace ssync
