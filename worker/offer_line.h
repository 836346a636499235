// A line of a sender's missing check.
#pragma once

#include <string>

#include "worker/object_source.h"

namespace ssync {

// Appends "<hash> <timestamp>[ item[,item]…]\r\n" (ssync_sender.encode_missing of 2.30.1). As there, the
// times of metadata and content type are told without their offsets: receivers before 2.32 end the session at
// "m:<delta>__<offset>".
void append_offer_line(const OfferedObject& object, std::string& text);

}  // namespace ssync
