// What lines of the log about a request have beside their text.
#pragma once

#include <vector>

#include "common/os/log_context.h"
#include "worker/request/head.h"

namespace ssync {

// trans_id (RequestHead::log_id), method, remote_addr; and, where the path begins with them, device and
// partition, with policy, the index in X-Backend-Storage-Policy-Index. Nothing of it has been checked: values
// are cut at 256 bytes, and what is not there, or no number where there has to be one, is left out.
std::vector<log::Field> log_fields(const RequestHead& head);

}  // namespace ssync
