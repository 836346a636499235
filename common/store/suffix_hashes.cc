#include "common/store/suffix_hashes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <optional>
#include <stdexcept>
#include <unordered_set>

#include "common/hashes/hashes_file.h"
#include "common/hashes/hashes_lock.h"
#include "common/hashes/suffix_invalidation.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/lock_path.h"
#include "common/os/log.h"
#include "common/os/look_side_by_side.h"
#include "common/os/md5.h"
#include "common/python/text.h"
#include "common/store/hash_dir_cleanup.h"
#include "common/store/quarantine.h"

namespace ssync {
namespace {

// A retry means that another process wrote hashes.pkl meanwhile; more than this is no coincidence.
constexpr int kMaxTries = 100;

// The hash of a suffix while its objects are added to it. A replication policy has one; an erasure-coding
// policy has one per fragment index, and one without an index for all other files.
class SuffixHasher {
 public:
  explicit SuffixHasher(PolicyType type) : type_(type) {}

  void add(const ObjectFiles& files) {
    for (const auto* file : {&files.meta, &files.tombstone}) {
      if (*file) by_index_[kNoIndex].update((*file)->timestamp.internal() + (*file)->extension);
    }
    if (type_ == PolicyType::replication) {
      if (files.data) by_index_[kNoIndex].update(files.data->timestamp.internal() + files.data->extension);
    } else {
      add_fragments(files);
    }
    if (files.content_type) {
      by_index_[kNoIndex].update(files.content_type->content_type_timestamp->internal() + "_ctype");
    }
  }

  // The value for hashes.pkl: hex digits, or a dictionary of them by fragment index or None.
  [[nodiscard]] pickle::Value value() {
    if (type_ == PolicyType::replication) return {pickle::Text{by_index_[kNoIndex].hex()}};
    pickle::Dict result;
    for (const auto& [index, md5] : by_index_) {
      pickle::Value key;
      if (index) key.data = std::int64_t{*index};
      result.emplace_back(std::move(key), pickle::Value{pickle::Text{md5.hex()}});
    }
    return {std::move(result)};
  }

 private:
  static constexpr std::optional<int> kNoIndex = std::nullopt;

  void add_fragments(const ObjectFiles& files) {
    // Newest first, as in Swift.
    std::for_each(files.fragments.rbegin(), files.fragments.rend(), [this](const auto& time_and_set) {
      for (const ObjectFile& file : time_and_set.second) {
        by_index_[file.fragment_index].update(file.timestamp.internal());
      }
    });
    // The same for a legacy .durable file and a name with "#d", because the state is the same.
    if (files.durable_timestamp) by_index_[kNoIndex].update(files.durable_timestamp->internal() + ".durable");
  }

  PolicyType type_;
  std::map<std::optional<int>, Md5> by_index_;
};

// The names in a suffix directory, in order; nullopt if it is not a directory.
std::optional<std::vector<std::string>> hashes_in(const std::string& suffix_dir) {
  try {
    std::vector<std::string> names = list_directory(suffix_dir);
    std::sort(names.begin(), names.end());
    return names;
  } catch (const OsError& error) {
    if (error.code() == ENOTDIR || error.code() == ENOENT) return std::nullopt;
    throw;
  }
}

// The hash of a suffix, if nothing in it needs clean-up, quarantine or a log message; nullopt otherwise.
// Changes nothing. Does not throw. Thread-safe.
std::optional<pickle::Value> hash_if_clean(const Partition& partition, const std::string& suffix_dir) {
  try {
    const Fd directory = open_file(suffix_dir, O_RDONLY | O_DIRECTORY);
    if (!directory) return std::nullopt;
    std::optional<std::vector<std::string>> hashes = list_open_directory(directory.get(), suffix_dir);
    if (!hashes || hashes->empty()) return std::nullopt;
    std::sort(hashes->begin(), hashes->end());
    SuffixHasher hasher(partition.policy.type);
    const FragmentRequest request{.policy = &partition.policy.erasure_coding};
    for (const std::string& hash : *hashes) {
      const Fd hash_directory = open_file_at(directory.get(), hash, O_RDONLY | O_DIRECTORY);
      if (!hash_directory) return std::nullopt;
      const std::string hash_dir = fmt::format("{}/{}", suffix_dir, hash);
      std::optional<std::vector<std::string>> names = list_open_directory(hash_directory.get(), hash_dir);
      if (!names) return std::nullopt;
      const auto found = judged_clean(partition, hash_dir, *std::move(names), request);
      if (!found) return std::nullopt;
      hasher.add(found->files);
    }
    return hasher.value();
  } catch (const std::exception&) {
    // hash_suffix() will hit the error again, and report it.
    return std::nullopt;
  }
}

// The hash of a suffix, after clean-up; nullopt if it is not a directory, or was empty and is removed
// (DiskFileManager._hash_suffix, ECDiskFileManager._hash_suffix). Throws OsError.
std::optional<pickle::Value> hash_suffix(const Partition& partition, const std::string& suffix_dir) {
  const auto hashes = hashes_in(suffix_dir);
  if (!hashes) return std::nullopt;
  SuffixHasher hasher(partition.policy.type);
  const FragmentRequest request{.policy = &partition.policy.erasure_coding};
  for (const std::string& hash : *hashes) {
    const std::string hash_dir = fmt::format("{}/{}", suffix_dir, hash);
    try {
      const CleanedHashDir cleaned = clean_up_hash_dir(partition, hash_dir, request);
      if (!cleaned.names.empty()) hasher.add(cleaned.files);
    } catch (const OsError& error) {
      quarantine_unlistable(partition, hash_dir, error.code());
    }
  }
  if (::rmdir(suffix_dir.c_str()) == 0 || errno == ENOENT) return std::nullopt;
  return hasher.value();
}

// Hashes the suffixes without a hash, and counts those that are there. True if there were any to hash.
bool hash_missing(const Partition& partition, HashesFile& hashes, DiskThreads& threads, std::size_t& hashed) {
  std::vector<std::string> suffixes;
  for (const auto& [key, hash] : hashes.suffixes()) {
    if (!pickle::is_true(hash)) suffixes.push_back(std::get<pickle::Text>(key.data).utf8);
  }
  if (suffixes.empty()) return false;
  const std::string path = partition.path();
  std::unordered_set<std::string> gone;
  look_side_by_side(
      threads, suffixes,
      [&](const std::string& suffix) { return hash_if_clean(partition, path + "/" + suffix); },
      [&](const std::string& suffix, std::optional<pickle::Value> hash) {
        try {
          if (!hash) hash = hash_suffix(partition, path + "/" + suffix);
          if (hash) {
            hashes.set(suffix, *std::move(hash));
            ++hashed;
          } else {
            gone.insert(suffix);
          }
        } catch (const OsError& error) {
          log::error("Error hashing suffix {}: {}", suffix, error.what());
        }
      });
  if (!gone.empty()) hashes.erase(gone);
  return true;
}

bool write_if_unchanged(const Partition& partition, const HashesFile& before, HashesFile& hashes) {
  const std::string path = partition.path();
  const PathLock lock = lock_hashes(path);
  if (!(HashesFile::read(path) == before)) return false;
  hashes.write(path);
  return true;
}

// One attempt; nullopt if another process wrote hashes.pkl meanwhile.
std::optional<PartitionHashes> try_hashes(const Partition& partition, DiskThreads& threads,
                                          const HashRequest& request) {
  const std::string path = partition.path();
  std::optional<HashesFile> stored;
  try {
    stored = consolidate_hashes(path);
  } catch (const LockTimeout&) {
    throw;
  } catch (const std::exception& error) {
    log::warning("Unable to read {}/hashes.pkl: {}", path, error.what());
  }
  const bool is_new = !stored || !stored->is_valid();
  // The final write must replace exactly the present file.
  if (is_new) stored = HashesFile::read(path);
  HashesFile hashes = is_new ? HashesFile::empty() : *stored;
  bool modified = is_new;
  if (is_new || request.list_directory) {
    const std::size_t known = hashes.items().size();
    for (const std::string& name : list_directory(path)) {
      // Any three characters, as in Swift: a name that is not a suffix is dropped when it is hashed, or else
      // stays in hashes.pkl.
      if (python::is_utf8(name) && python::utf8_length(name) == 3) hashes.add(name);
    }
    modified = modified || hashes.items().size() != known;
  }
  for (const std::string& suffix : request.recalculate) hashes.set(suffix, pickle::Value{});
  std::size_t hashed = 0;
  modified = hash_missing(partition, hashes, threads, hashed) || modified;
  if (modified && !write_if_unchanged(partition, *stored, hashes)) return std::nullopt;
  return PartitionHashes{.suffixes = hashes.suffixes(), .hashed = hashed};
}

}  // namespace

PartitionHashes hash_partition(const Partition& partition, DiskThreads& threads, const HashRequest& request) {
  struct stat status {};
  if (::stat(partition.path().c_str(), &status) != 0) return {};
  for (int attempt = 0; attempt < kMaxTries; ++attempt) {
    if (auto hashes = try_hashes(partition, threads, request)) return *std::move(hashes);
  }
  throw std::runtime_error(partition.path() + "/hashes.pkl keeps changing");
}

pickle::Dict partition_hashes(const Partition& partition, DiskThreads& threads) {
  return hash_partition(partition, threads, {}).suffixes;
}

std::string suffix_hash_of(std::span<const ObjectFiles> objects) {
  SuffixHasher hasher(PolicyType::replication);
  for (const ObjectFiles& files : objects) hasher.add(files);
  return std::get<pickle::Text>(hasher.value().data).utf8;
}

void invalidate_suffixes(const Partition& partition, const std::vector<std::string>& suffixes) {
  std::vector<std::string> named;
  std::copy_if(suffixes.begin(), suffixes.end(), std::back_inserter(named), is_suffix);
  if (!named.empty()) append_invalidations(partition.path(), named);
}

}  // namespace ssync
