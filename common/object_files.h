// Which files make up an object: a pure function of the names in its hash directory.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/storage_policy.h"
#include "common/timestamp.h"

namespace ssync {

// What a name in a hash directory says (DiskFileManager.parse_on_disk_filename).
struct ObjectFile {
  std::string name;
  std::string extension;  // with the dot; may be empty, or one that Swift does not know
  Timestamp timestamp;
  std::optional<Timestamp> content_type_timestamp;  // of a .meta that tells one
};

// Throws ValueError for a name that starts with no timestamp.
ObjectFile parse_object_file(const std::string& name);

// True for what rsync leaves when it is interrupted: ".<name>.<six letters or digits>".
bool is_rsync_temporary(std::string_view name);

struct ObjectFiles {
  std::optional<ObjectFile> data;
  std::optional<ObjectFile> tombstone;     // only without data
  std::optional<ObjectFile> meta;          // newest .meta, only with data
  std::optional<ObjectFile> content_type;  // the .meta with the newest content type, if newer than data
  std::vector<ObjectFile> obsolete;
  std::vector<ObjectFile> possible_reclaim;  // to be removed once past reclaim_age
  std::vector<std::string> unexpected;       // names that are none of Swift's
};

// Chooses as BaseDiskFileManager.get_ondisk_files does for this type of policy. Never fails: names
// that are none of Swift's are listed as unexpected. The order of names does not matter.
// Erasure coding needs more than this (fragment indexes, durable marks); only replication is known.
ObjectFiles choose_object_files(std::vector<std::string> names, PolicyType type);

// The name of a file of an object: "<internal>.data", "<internal>.ts", or for a .meta with a content
// type's time "<short><signed hex delta>.meta" (DiskFileManager.make_on_disk_filename).
std::string make_file_name(const Timestamp& timestamp, std::string_view extension,
                           const std::optional<Timestamp>& content_type_timestamp = std::nullopt);

}  // namespace ssync
