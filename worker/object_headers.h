// What an opened object's metadata say in the headers of an answer.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/disk_file.h"
#include "common/metadata.h"
#include "common/timestamp.h"
#include "worker/response_headers.h"

namespace ssync {

// The headers of a 200 to GET and HEAD. allowed_headers: lower-case names that go out beside user and system
// metadata. Throws ValueError for metadata that HTTP cannot carry (letters above U+00FF) or that lack
// X-Timestamp, ETag or Content-Length.
ResponseHeaders object_headers(const DiskFile& file, const std::vector<std::string>& allowed_headers);

// Seconds of Last-Modified: a time's next whole second (Timestamp.ceil).
std::int64_t last_modified(const Timestamp& timestamp);

// {"<internal time>": [<index>, …], …}, newest first: X-Backend-Fragments. nullopt if there are none.
std::optional<std::string> fragments_header(const ObjectFiles& files);

// What the request's conditions compare: the value of the first name in etag_is_at that the metadata have,
// else the ETag (swift.common.request_helpers.resolve_etag_is_at_header).
std::string conditional_etag(const Metadata& metadata, const std::optional<std::string>& etag_is_at);

// True if metadata have one of the names in X-Backend-Ignore-Range-If-Metadata-Present.
bool has_any_of(const Metadata& metadata, const std::string& names);

}  // namespace ssync
