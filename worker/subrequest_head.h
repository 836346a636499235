// The head of a subrequest that a sender makes.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/object_name.h"

namespace ssync {

// Names and values as Swift stores them: UTF-8.
using StoredHeaders = std::vector<std::pair<std::string, std::string>>;

// "<method> <quoted path>\r\n<name>: <value>\r\n…\r\n", headers in the order of their names. Each goes out as
// the bytes that it came in as, which are the Latin-1 of its text (as Swift 2.32 and later send them: earlier
// ones send the UTF-8, and what is not ASCII is coded once more at each replication); text beyond Latin-1, of
// Python 2, goes as it is. Throws ValueError for headers that no receiver could read as they were meant: a
// line end or NUL in them, a colon or blank in a name, a line or a head that is too long.
std::string subrequest_head(std::string_view method, const ObjectName& name, StoredHeaders headers);

}  // namespace ssync
