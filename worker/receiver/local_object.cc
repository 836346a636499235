#include "worker/receiver/local_object.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <stdexcept>
#include <vector>

#include "common/layout/metadata.h"
#include "common/layout/object_files.h"
#include "common/layout/object_name.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/log.h"
#include "common/python/hex.h"
#include "common/store/disk_file.h"
#include "common/store/durable_fragment.h"
#include "common/store/hash_dir_cleanup.h"
#include "common/store/quarantine.h"

namespace ssync {
namespace {

struct FoundObject {
  LocalObject times;
  // The offered fragment, if it exists here, is not durable, and is newer than the durable ones here.
  std::optional<Fragment> undecided;
};

FragmentRequest fragment_request(const Partition& partition,
                                 const std::optional<std::int64_t>& fragment_index) {
  if (partition.policy.type != PolicyType::erasure_coding || !fragment_index) return {};
  return {.fragment_index =
              parse_fragment_index(std::to_string(*fragment_index), &partition.policy.erasure_coding)};
}

LocalObject times_of(const DiskFile& file, OpenOutcome outcome) {
  switch (outcome) {
    case OpenOutcome::open:
    case OpenOutcome::expired:
      return {file.data_timestamp(), file.timestamp(), file.content_type_timestamp()};
    case OpenOutcome::deleted:
      return {file.deleted_timestamp(), std::nullopt, std::nullopt};
    default:
      return {};
  }
}

bool holds_undecided(const ObjectFiles& files, const Timestamp& time, int fragment_index) {
  if (files.durable_timestamp && *files.durable_timestamp >= time) return false;
  const auto set = files.fragments.find(time);
  return set != files.fragments.end() &&
         std::any_of(set->second.begin(), set->second.end(),
                     [&](const ObjectFile& file) { return file.fragment_index == fragment_index; });
}

// The file that sorts first in a hash directory; its metadata has the object's name.
struct FirstFile {
  std::string name;
  Fd file;  // empty if it cannot be opened
  MetadataRead read;

  // names: the names in hash_dir, in reverse order. If directory, the opened hash_dir, is given, the file is
  // opened relative to it.
  static FirstFile read_from(const std::string& hash_dir, const std::vector<std::string>& names,
                             const Fd& directory = {}) {
    FirstFile first{.name = names.back(), .file = {}, .read = {}};
    constexpr int kFlags = O_RDONLY | O_NONBLOCK;
    const std::string path = hash_dir + "/" + first.name;
    first.file = directory ? open_file_at(directory.get(), first.name, kFlags) : open_file(path, kFlags);
    // A file that cannot be opened, such as a socket, may still have extended attributes.
    first.read = first.file ? read_metadata(first.file.get(), path) : read_metadata(path);
    return first;
  }

  [[nodiscard]] std::optional<ObjectName> object_name() const {
    const std::string* stored = read.metadata.find("name");
    return ObjectName::parse(stored == nullptr ? "" : *stored);
  }
  SeenFiles seen(std::vector<std::string> names) && {
    return {.names = std::move(names),
            .file_name = std::move(name),
            .file = std::move(file),
            .metadata = std::move(read.metadata)};
  }
};

FoundObject find_object(const Partition& partition, const Offer& offer,
                        const std::optional<std::int64_t>& fragment_index) {
  const std::string hash_dir = partition.hash_dir(python::to_hex(offer.hash));
  std::vector<std::string> names;
  try {
    names = clean_up_hash_dir(partition, hash_dir).names;
  } catch (const OsError& error) {
    quarantine_unlistable(partition, hash_dir, error.code());
    return {};
  }
  if (names.empty()) return {};
  FirstFile first = FirstFile::read_from(hash_dir, names);
  switch (first.read.fault) {
    case MetadataFault::none:
      break;
    case MetadataFault::missing:
    case MetadataFault::no_file:
      return {};
    default:
      throw std::runtime_error(first.read.message);
  }
  const auto name = first.object_name();
  if (!name) return {};

  const FragmentRequest request = fragment_request(partition, fragment_index);
  DiskFile file(partition, *name, request);
  // What is known of the object that is named there says nothing of the one on offer.
  if (file.hash_dir() != hash_dir) return {};
  const OpenOutcome outcome =
      first.file ? file.open(ExpiredObjects::open, 0, std::move(first).seen(std::move(names)))
                 : file.open(ExpiredObjects::open, 0);
  // Swift reads the timestamp of the data even if the object was damaged, and fails if it is missing.
  if (partition.policy.type == PolicyType::replication && !file.data_metadata().items().empty()) {
    static_cast<void>(file.data_timestamp());
  }
  FoundObject found{.times = times_of(file, outcome), .undecided = std::nullopt};
  if (request.fragment_index && file.files() != nullptr &&
      holds_undecided(*file.files(), offer.data, *request.fragment_index)) {
    found.undecided =
        Fragment{.hash_dir = file.hash_dir(), .timestamp = offer.data, .index = *request.fragment_index};
  }
  return found;
}

}  // namespace

std::optional<LocalObject> peek(const Partition& partition, int partition_dir, const Offer& offer,
                                const std::optional<std::int64_t>& fragment_index) {
  try {
    const std::string hash = python::to_hex(offer.hash);
    const std::string hash_dir = partition.hash_dir(hash);
    const Fd directory =
        open_file_at(partition_dir, Partition::hash_dir_within(hash), O_RDONLY | O_DIRECTORY);
    if (!directory) return errno == ENOENT ? std::optional(LocalObject{}) : std::nullopt;
    std::optional<std::vector<std::string>> names = list_open_directory(directory.get(), hash_dir);
    if (!names) return LocalObject{};
    std::optional<CleanedHashDir> found = judged_clean(partition, hash_dir, *std::move(names));
    if (!found) return std::nullopt;
    FirstFile first = FirstFile::read_from(hash_dir, found->names, directory);
    if (!first.file || first.read.fault != MetadataFault::none) return std::nullopt;
    const auto name = first.object_name();
    if (!name) return std::nullopt;

    const FragmentRequest request = fragment_request(partition, fragment_index);
    DiskFile file(partition, *name, request, DamagedObjects::leave);
    if (file.hash_dir() != hash_dir) return std::nullopt;
    const OpenOutcome outcome =
        file.open(ExpiredObjects::open, 0, std::move(first).seen(std::move(found->names)));
    const bool is_known = outcome == OpenOutcome::open || outcome == OpenOutcome::deleted;
    if (!is_known || file.files() == nullptr) return std::nullopt;
    if (request.fragment_index && holds_undecided(*file.files(), offer.data, *request.fragment_index)) {
      return std::nullopt;
    }
    return times_of(file, outcome);
  } catch (const std::exception&) {
    // look_up() will hit the error again, and report it.
    return std::nullopt;
  }
}

LocalObject look_up(const Partition& partition, const Offer& offer,
                    const std::optional<std::int64_t>& fragment_index) {
  FoundObject found = find_object(partition, offer, fragment_index);
  if (!found.undecided) return found.times;
  if (!offer.durable) {
    // The durable data here may be older, but the offered fragment is not wanted.
    found.times.data = offer.data;
    return found.times;
  }
  try {
    make_fragment_durable(partition, *found.undecided);
    return find_object(partition, offer, fragment_index).times;
  } catch (const LockTimeout&) {
    throw;
  } catch (const std::exception& error) {
    // Not an error that ends the session: the sender is asked for the whole fragment.
    log::error("Cannot make a fragment of {} durable: {}", found.undecided->hash_dir, error.what());
    return found.times;
  }
}

}  // namespace ssync
