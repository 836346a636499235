// Lists of ETags in If-Match and If-None-Match.
#pragma once

#include <string>
#include <string_view>

namespace ssync {

// swift.common.utils.normalize_etag: without the quotes.
std::string unquoted_etag(std::string_view etag);

// True if the list holds the ETag, or '*' (swift.common.swob.Match).
bool etag_list_has(std::string_view list, std::string_view etag);

}  // namespace ssync
