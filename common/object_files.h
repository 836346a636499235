// Which files make up an object: a pure function of the names in its hash directory.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/storage_policy.h"
#include "common/timestamp.h"

namespace ssync {

// What a name in a hash directory says (DiskFileManager.parse_on_disk_filename, ECDiskFileManager's).
struct ObjectFile {
  std::string name;
  std::string extension;  // with the dot; may be empty, or one that Swift does not know
  Timestamp timestamp;
  std::optional<Timestamp> content_type_timestamp = {};  // of a .meta that tells one
  // The rest is of a .data of an erasure-coding policy.
  std::optional<int> fragment_index = {};
  // "#d" in the name; in what choose_object_files returns also any other fragment of a durable time.
  bool durable = false;

  // What clean-up must leave alone while it may still be committed (commit_window).
  [[nodiscard]] bool is_undecided() const noexcept { return fragment_index && !durable; }
};

// Reads a fragment index as ECDiskFileManager.validate_fragment_index does: what Python's int() reads,
// not negative and, given a policy, below its number of data and parity fragments; without a policy one
// too large for an int reads as the largest. Throws ValueError with Swift's message.
int parse_fragment_index(std::string_view text, const ErasureCoding* policy = nullptr);

// Throws ValueError for a name that starts with no timestamp, and for a .data of an erasure-coding
// policy without a good fragment index. What follows the index is ignored unless it is "#d".
ObjectFile parse_object_file(const std::string& name, PolicyType type = PolicyType::replication,
                             const ErasureCoding* policy = nullptr);

// True for what rsync leaves when it is interrupted: ".<name>.<six letters or digits>".
bool is_rsync_temporary(std::string_view name);

// X-Backend-Fragment-Preferences: at this time any fragment will do but these.
struct FragmentPreference {
  Timestamp timestamp;
  std::vector<int> exclude;
};

// What is asked of an erasure-coding policy beside the names; replication ignores it.
struct FragmentRequest {
  // Bounds the fragment indexes. Swift opens objects with a bound, but cleans up after a write without.
  const ErasureCoding* policy = nullptr;
  // Only this fragment will do; else the highest of its time.
  std::optional<int> fragment_index = {};
  // When present, even if empty, the fragment need not be durable: the first preference that can be met
  // decides time and index (whatever fragment_index says), else the newest time that none refused.
  std::optional<std::vector<FragmentPreference>> preferences = {};
};

struct ObjectFiles {
  std::optional<ObjectFile> data;
  std::optional<ObjectFile> tombstone;     // only without data
  std::optional<ObjectFile> meta;          // newest .meta, only with data
  std::optional<ObjectFile> content_type;  // the .meta with the newest content type, if newer than data
  std::vector<ObjectFile> obsolete;
  // To be removed once past reclaim_age, and if is_undecided() past commit_window. As in Swift fragments
  // older than a lone .durable are both here and obsolete.
  std::vector<ObjectFile> possible_reclaim;
  std::vector<std::string> unexpected;  // names that are none of Swift's

  // The rest is of erasure-coding policies.
  // By time the fragments there are, each time's ordered by index (Swift's frag_sets): none older than
  // the newest durable ones, unless what makes that time durable is a lone .durable.
  std::map<Timestamp, std::vector<ObjectFile>> fragments;
  // The key in fragments of the durable ones (Swift's durable_frag_set); as in Swift only with data, so
  // not when the fragment asked for is not among them.
  std::optional<Timestamp> durable_timestamp;
};

// Chooses as BaseDiskFileManager.get_ondisk_files does for this type of policy. Never fails: names
// that are none of Swift's are listed as unexpected. The order of names does not matter: where Swift's
// choice depends on it, this is what Swift chooses from names sorted in descending order, as its
// clean-up sorts them. That is where one time is spelled in several ways ("1.7e9.ts"), two .metas tell
// equal times, or a fragment is there twice ("…#1.data" and "…#1#d.data").
ObjectFiles choose_object_files(std::vector<std::string> names, PolicyType type,
                                const FragmentRequest& request = {});

// The name of a file of an object: "<internal>.data", "<internal>.ts", or for a .meta with a content
// type's time "<short><signed hex delta>.meta" (DiskFileManager.make_on_disk_filename).
std::string make_file_name(const Timestamp& timestamp, std::string_view extension,
                           const std::optional<Timestamp>& content_type_timestamp = std::nullopt);

enum class Durability { undecided, durable };

// The name of a .data of an erasure-coding policy: "<internal>#<index>.data", or with "#d" when durable
// (ECDiskFileManager.make_on_disk_filename). Throws ValueError for a negative index.
std::string make_fragment_name(const Timestamp& timestamp, int fragment_index, Durability durability);

}  // namespace ssync
