#include "worker/replicator/confirmation.h"

#include <fcntl.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "common/layout/metadata.h"
#include "common/layout/object_name.h"
#include "common/layout/timestamp.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/python/errors.h"
#include "common/python/hex.h"
#include "common/python/url.h"
#include "worker/replicator/remote_hashes.h"

namespace ssync {
namespace {

// Up to so many objects, to ask for each of them costs a node less than to hash its partition.
constexpr std::size_t kFewObjects = 3;

// Expired objects are there until they are removed; 2.30.1 knows the first of these, newer releases both.
constexpr std::string_view kHeadHeaders = "X-Backend-Replication: True\r\nX-Backend-Open-Expired: True\r\n";

std::optional<Timestamp> timestamp_in(const HttpResponseHead& head, std::string_view name) {
  const std::string* const value = head.find(name);
  if (value == nullptr) return std::nullopt;
  try {
    return Timestamp::parse(*value);
  } catch (const ValueError&) {
    return std::nullopt;
  }
}

// What the node that answers so to HEAD has; nullopt if it has nothing, or does not say.
std::optional<HeldObject> held_by(const HttpResponseHead& head) {
  const auto changed = timestamp_in(head, "x-backend-timestamp");
  if (head.status == 404 && changed) {
    return HeldObject{.is_deleted = true, .data = *changed, .meta = *changed};
  }
  if (head.status != 200) return std::nullopt;
  const auto data = timestamp_in(head, "x-backend-data-timestamp");
  if (!data) return std::nullopt;
  return HeldObject{.is_deleted = false, .data = *data, .meta = changed.value_or(*data)};
}

// True if what a node has is the object, or something newer. Metadata may be newer than the data of both.
bool is_as_new(const HeldObject& held, const ObjectFiles& files) {
  const Timestamp ours = files.data ? files.data->timestamp : files.tombstone->timestamp;
  if (held.is_deleted || held.data < ours) return held.data >= ours;
  // A tombstone here, and data of that time there: the tombstone wins.
  if (!files.data) return held.data != ours;
  return !files.meta || held.meta >= files.meta->timestamp;
}

// The object's name, from its data or tombstone; nullopt if it cannot be read, or is that of an object whose
// place is elsewhere: what a node has of that says nothing of what is here.
std::optional<ObjectName> name_of(const Partition& partition, const HandoffObject& object) {
  const std::string& file = object.files.data ? object.files.data->name : object.files.tombstone->name;
  const std::string path = partition.hash_dir(python::to_hex(object.hash)) + "/" + file;
  const Fd fd = open_file(path, O_RDONLY | O_NONBLOCK);
  if (!fd) return std::nullopt;
  const MetadataRead read = read_metadata(fd.get(), path);
  if (read.fault != MetadataFault::none) return std::nullopt;
  const std::string* const stored = read.metadata.find("name");
  auto name = stored == nullptr ? std::nullopt : ObjectName::parse(*stored);
  if (name && hash_path(partition.conf, *name) != python::to_hex(object.hash)) return std::nullopt;
  return name;
}

// Asks one node.
class Questions {
 public:
  Questions(const RingDevice& node, const ReplicationJob& job, const Partition& partition,
            PeerRequests& peers)
      : node_(node), job_(job), partition_(partition), peers_(peers) {}

  bool has(const HandoffObject& object) {
    const auto name = name_of(partition_, object);
    if (!name) return false;
    const std::string path = "/" + job_.partition + python::quote(name->path());
    const auto held = held_by(peers_.ask(node_, *job_.policy, "HEAD", path, kHeadHeaders).head);
    return held && is_as_new(*held, object.files);
  }

 private:
  const RingDevice& node_;
  const ReplicationJob& job_;
  const Partition& partition_;
  PeerRequests& peers_;
};

// Whose offers in the session were these very files. Not those with a content type that the node wants and
// was not sent: of its time neither the session's end nor HEAD tells.
std::vector<bool> offered_as_they_are(const HandoffContents& contents, const SyncResult& session) {
  std::map<ObjectHash, std::size_t> numbers;
  for (std::size_t number = 0; number < session.offered.size(); ++number) {
    numbers.emplace(session.offered[number].hash, number);
  }
  std::vector<bool> result;
  result.reserve(contents.objects.size());
  for (const HandoffObject& object : contents.objects) {
    const auto found = numbers.find(object.hash);
    const bool is_as_offered = found != numbers.end() && object.is_as_in(session.offered[found->second]);
    result.push_back(is_as_offered && !(object.files.content_type && session.is_only_compared &&
                                        session.wanted[found->second].meta));
  }
  return result;
}

// Judges the offered objects of which the receiver has told what it has. The numbers of the others.
std::vector<std::size_t> take_what_was_told(const HandoffContents& contents, const SyncResult& session,
                                            std::vector<bool>& confirmed) {
  std::map<ObjectHash, const HeldObject*> told;
  for (const HeldObject& held : session.held) told.insert_or_assign(held.hash, &held);
  const std::vector<bool> offered = offered_as_they_are(contents, session);
  std::vector<std::size_t> unknown;
  for (std::size_t number = 0; number < offered.size(); ++number) {
    if (!offered[number]) continue;
    const HandoffObject& object = contents.objects[number];
    const auto held = told.find(object.hash);
    if (held == told.end()) {
      unknown.push_back(number);
    } else {
      confirmed[number] = is_as_new(*held->second, object.files);
    }
  }
  return unknown;
}

}  // namespace

std::vector<bool> confirmed_by(const RingDevice& node, const ReplicationJob& job, const Partition& partition,
                               const HandoffContents& contents, const SyncResult& session,
                               PeerRequests& peers) {
  std::vector<bool> confirmed(contents.objects.size());
  if (!session.is_whole) return confirmed;
  const std::vector<std::size_t> unknown = take_what_was_told(contents, session, confirmed);
  if (unknown.empty()) return confirmed;
  Questions questions(node, job, partition, peers);
  try {
    std::optional<SuffixHashes> theirs;
    if (unknown.size() > kFewObjects) {
      theirs = ask_suffix_hashes(node, job, peers);
      if (!theirs) return confirmed;
    }
    const auto has_equal_suffix = [&](const HandoffObject& object) {
      if (!theirs) return false;
      const auto their = theirs->find(object.suffix);
      return their != theirs->end() && their->second == contents.suffixes.at(object.suffix);
    };
    for (const std::size_t number : unknown) {
      const HandoffObject& object = contents.objects[number];
      confirmed[number] = has_equal_suffix(object) || questions.has(object);
    }
  } catch (const Interrupted&) {
    throw;
  } catch (const std::exception& error) {
    log::error("cannot ask {} whether it has the objects of partition {}: {}", node_text(node), job.partition,
               error.what());
  }
  return confirmed;
}

}  // namespace ssync
