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

// True if the node that answers so to HEAD has the object, or something newer.
bool has_as_new(const HttpResponseHead& head, const ObjectFiles& files) {
  const Timestamp ours = files.data ? files.data->timestamp : files.tombstone->timestamp;
  const auto changed = timestamp_in(head, "x-backend-timestamp");
  if (head.status == 404) return changed && *changed >= ours;
  if (head.status != 200) return false;
  const auto data = timestamp_in(head, "x-backend-data-timestamp");
  if (!data || *data < ours) return false;
  if (*data > ours) return true;
  if (!files.data) return false;  // a tombstone here, and data of that time there: the tombstone wins
  return !files.meta || (changed && *changed >= files.meta->timestamp);
}

// The object's name, from its data or tombstone; nullopt if it cannot be read.
std::optional<ObjectName> name_of(const Partition& partition, const HandoffObject& object) {
  const std::string& file = object.files.data ? object.files.data->name : object.files.tombstone->name;
  const std::string path = partition.hash_dir(python::to_hex(object.hash)) + "/" + file;
  const Fd fd = open_file(path, O_RDONLY | O_NONBLOCK);
  if (!fd) return std::nullopt;
  const MetadataRead read = read_metadata(fd.get(), path);
  if (read.fault != MetadataFault::none) return std::nullopt;
  const std::string* const name = read.metadata.find("name");
  return name == nullptr ? std::nullopt : ObjectName::parse(*name);
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
    return has_as_new(peers_.ask(node_, *job_.policy, "HEAD", path, kHeadHeaders).head, object.files);
  }

 private:
  const RingDevice& node_;
  const ReplicationJob& job_;
  const Partition& partition_;
  PeerRequests& peers_;
};

// Whose offers in the session were these very files.
std::vector<bool> offered_as_they_are(const HandoffContents& contents, const SyncResult& session) {
  std::map<ObjectHash, const Offer*> offers;
  for (const Offer& offer : session.offered) offers.emplace(offer.hash, &offer);
  std::vector<bool> result;
  result.reserve(contents.objects.size());
  for (const HandoffObject& object : contents.objects) {
    const auto offer = offers.find(object.hash);
    result.push_back(offer != offers.end() && object.is_as_in(*offer->second));
  }
  return result;
}

}  // namespace

std::vector<bool> confirmed_by(const RingDevice& node, const ReplicationJob& job, const Partition& partition,
                               const HandoffContents& contents, const SyncResult& session,
                               PeerRequests& peers) {
  std::vector<bool> confirmed(contents.objects.size());
  if (!session.is_whole) return confirmed;
  const std::vector<bool> offered = offered_as_they_are(contents, session);
  Questions questions(node, job, partition, peers);
  try {
    std::optional<SuffixHashes> theirs;
    if (contents.objects.size() > kFewObjects) {
      theirs = ask_suffix_hashes(node, job, peers);
      if (!theirs) return confirmed;
    }
    const auto has_equal_suffix = [&](const HandoffObject& object) {
      if (!theirs) return false;
      const auto their = theirs->find(object.suffix);
      return their != theirs->end() && their->second == contents.suffixes.at(object.suffix);
    };
    for (std::size_t number = 0; number < confirmed.size(); ++number) {
      const HandoffObject& object = contents.objects[number];
      confirmed[number] = offered[number] && (has_equal_suffix(object) || questions.has(object));
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
