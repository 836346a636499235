// Response headers from an object's metadata.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/layout/metadata.h"
#include "common/layout/timestamp.h"
#include "common/store/disk_file.h"
#include "worker/http/response_headers.h"

namespace ssync {

// The headers of a 200 to GET and HEAD. allowed_headers: lower-case names to include besides user and system
// metadata. Throws ValueError for metadata that is invalid in HTTP headers (letters above U+00FF) or lacks
// X-Timestamp, ETag or Content-Length.
ResponseHeaders object_headers(const DiskFile& file, const std::vector<std::string>& allowed_headers);

// Last-Modified in seconds: the timestamp rounded up (Timestamp.ceil).
std::int64_t last_modified(const Timestamp& timestamp);

// {"<internal time>": [<index>, …], …}, newest first: X-Backend-Fragments. nullopt if there are none.
std::optional<std::string> fragments_header(const ObjectFiles& files);

// The ETag for the request's conditions: the value of the first name in etag_is_at that is in the metadata,
// else the ETag (swift.common.request_helpers.resolve_etag_is_at_header).
std::string conditional_etag(const Metadata& metadata, const std::optional<std::string>& etag_is_at);

// True if metadata has one of the names in X-Backend-Ignore-Range-If-Metadata-Present.
bool has_any_of(const Metadata& metadata, const std::string& names);

}  // namespace ssync
