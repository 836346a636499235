// Chooses the files that make up an object: a pure function of the names in its hash directory.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/storage_policy.h"
#include "common/layout/timestamp.h"

namespace ssync {

// A parsed file name in a hash directory (DiskFileManager.parse_on_disk_filename, ECDiskFileManager's).
struct ObjectFile {
  std::string name;
  std::string extension;  // with the dot; may be empty, or one that Swift does not know
  Timestamp timestamp;
  std::optional<Timestamp> content_type_timestamp = {};  // of a .meta that has one
  // The members below are for a .data of an erasure-coding policy.
  std::optional<int> fragment_index = {};
  // "#d" in the name; choose_object_files() also sets it for every other fragment of a durable timestamp.
  bool durable = false;

  // True if clean-up must keep the file during commit_window, because it may still become durable.
  [[nodiscard]] bool is_undecided() const noexcept { return fragment_index && !durable; }
};

// Parses a fragment index as ECDiskFileManager.validate_fragment_index does: what Python's int() accepts, not
// negative and, given a policy, less than its number of data and parity fragments. Without a policy, an index
// too large for an int gives the largest int. Throws ValueError with Swift's message.
int parse_fragment_index(std::string_view text, const ErasureCoding* policy = nullptr);

// Throws ValueError for a name that does not start with a timestamp, and for a .data of an erasure-coding
// policy without a valid fragment index. Text after the index is ignored unless it is "#d".
ObjectFile parse_object_file(const std::string& name, PolicyType type = PolicyType::replication,
                             const ErasureCoding* policy = nullptr);

// True for a temporary file of an interrupted rsync: ".<name>.<six letters or digits>".
bool is_rsync_temporary(std::string_view name);

// An item of X-Backend-Fragment-Preferences: at this timestamp any fragment is acceptable except these.
struct FragmentPreference {
  Timestamp timestamp;
  std::vector<int> exclude;
};

// Which fragment of an erasure-coding policy is requested; replication policies ignore it.
struct FragmentRequest {
  // If set, limits the fragment indexes. Swift sets it to open objects, but not to clean up after a write.
  const ErasureCoding* policy = nullptr;
  // Only this fragment is acceptable; if not set, the one with the highest index of its timestamp.
  std::optional<int> fragment_index = {};
  // If set, even if empty, the fragment need not be durable: the first preference that can be met decides
  // timestamp and index (regardless of fragment_index), else the newest timestamp that no preference
  // excludes.
  std::optional<std::vector<FragmentPreference>> preferences = {};
};

struct ObjectFiles {
  std::optional<ObjectFile> data;
  std::optional<ObjectFile> tombstone;     // only without data
  std::optional<ObjectFile> meta;          // newest .meta, only with data
  std::optional<ObjectFile> content_type;  // the .meta with the newest content type, if newer than data
  std::vector<ObjectFile> obsolete;
  // To be removed when older than reclaim_age and, if is_undecided(), older than commit_window. As in Swift,
  // fragments older than a lone .durable are both here and in obsolete.
  std::vector<ObjectFile> possible_reclaim;
  std::vector<std::string> unexpected;  // names that are not Swift's

  // The members below are for erasure-coding policies. The fragments by timestamp, each set ordered by index
  // (Swift's frag_sets). None is older than the newest durable ones, unless that timestamp is durable by a
  // lone .durable.
  std::map<Timestamp, std::vector<ObjectFile>> fragments;
  // .durable files newer than all that is durable: any clean-up takes what is older for obsolete because of
  // them, and then them.
  std::vector<ObjectFile> lone_marks;
  // The key of the durable set in fragments (Swift's durable_frag_set). As in Swift it is set only together
  // with data, so not if the durable set lacks the requested fragment.
  std::optional<Timestamp> durable_timestamp;
};

// Equals BaseDiskFileManager.get_ondisk_files for this type of policy. Never fails: names that are not
// Swift's are listed as unexpected. The order of names does not matter: where Swift's choice depends on it,
// this is Swift's choice for names in descending order, as its clean-up sorts them. That is the case if a
// timestamp is spelled in several ways ("1.7e9.ts"), two .metas have equal timestamps, or a fragment exists
// twice ("…#1.data" and "…#1#d.data").
ObjectFiles choose_object_files(std::vector<std::string> names, PolicyType type,
                                const FragmentRequest& request = {});

// The name of a file of an object: "<internal>.data", "<internal>.ts", or for a .meta with a content type
// timestamp "<short><signed hex delta>.meta" (DiskFileManager.make_on_disk_filename).
std::string make_file_name(const Timestamp& timestamp, std::string_view extension,
                           const std::optional<Timestamp>& content_type_timestamp = std::nullopt);

enum class Durability { undecided, durable };

// The name of a .data of an erasure-coding policy: "<internal>#<index>.data", or with "#d" when durable
// (ECDiskFileManager.make_on_disk_filename). Throws ValueError for a negative index.
std::string make_fragment_name(const Timestamp& timestamp, int fragment_index, Durability durability);

}  // namespace ssync
