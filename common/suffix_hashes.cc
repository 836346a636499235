#include "common/suffix_hashes.h"

#include <spdlog/spdlog.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <stdexcept>

#include "common/errors.h"
#include "common/fd.h"
#include "common/hash_dir_cleanup.h"
#include "common/hashes_file.h"
#include "common/lock_path.h"
#include "common/md5.h"
#include "common/python_text.h"
#include "common/quarantine.h"
#include "common/suffix_invalidation.h"

namespace ssync {
namespace {

// Each try begins anew because somebody else wrote hashes.pkl meanwhile; more than this is no coincidence.
constexpr int kMaxTries = 100;

void add_to_hash(Md5& md5, const ObjectFiles& files) {
  const auto add = [&](const std::optional<ObjectFile>& file) {
    if (file) md5.update(file->timestamp.internal() + file->extension);
  };
  add(files.meta);
  add(files.tombstone);
  add(files.data);
  if (files.content_type) md5.update(files.content_type->content_type_timestamp->internal() + "_ctype");
}

// The names in a suffix directory, in order; nullopt if it is none.
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

// The hash of a suffix, after clean-up; nullopt if the directory is none, or was empty and is removed
// (DiskFileManager._hash_suffix). Throws OsError.
std::optional<std::string> hash_suffix(const Partition& partition, const std::string& suffix_dir) {
  const auto hashes = hashes_in(suffix_dir);
  if (!hashes) return std::nullopt;
  Md5 md5;
  for (const std::string& hash : *hashes) {
    const std::string hash_dir = suffix_dir + "/" + hash;
    try {
      const CleanedHashDir cleaned = clean_up_hash_dir(partition, hash_dir);
      if (!cleaned.names.empty()) add_to_hash(md5, cleaned.files);
    } catch (const OsError& error) {
      quarantine_unlistable(partition, hash_dir, error.code());
    }
  }
  if (::rmdir(suffix_dir.c_str()) == 0 || errno == ENOENT) return std::nullopt;
  return md5.hex();
}

// Hashes what has no hash. True if anything was done.
bool hash_missing(const Partition& partition, HashesFile& hashes) {
  bool modified = false;
  for (const auto& [key, hash] : hashes.suffixes()) {
    if (pickle::is_true(hash)) continue;
    modified = true;
    const std::string& suffix = std::get<pickle::Text>(key.data).utf8;
    try {
      if (auto hex = hash_suffix(partition, partition.path() + "/" + suffix)) {
        hashes.set(suffix, pickle::Value{pickle::Text{*std::move(hex)}});
      } else {
        hashes.erase(suffix);
      }
    } catch (const OsError& error) {
      spdlog::error("Error hashing suffix {}: {}", suffix, error.what());
    }
  }
  return modified;
}

bool write_if_unchanged(const Partition& partition, const HashesFile& before, HashesFile& hashes) {
  const std::string path = partition.path();
  const PathLock lock(LockRequest{
      .directory = path, .name = "", .limit = 1, .timeout = 10, .timeout_text = "10", .give_up = {}});
  if (!(HashesFile::read(path) == before)) return false;
  hashes.write(path);
  return true;
}

// One try; nullopt if somebody else wrote hashes.pkl in between.
std::optional<pickle::Dict> try_hashes(const Partition& partition) {
  const std::string path = partition.path();
  std::optional<HashesFile> stored;
  try {
    stored = consolidate_hashes(path);
  } catch (const LockTimeout&) {
    throw;
  } catch (const std::exception& error) {
    spdlog::warn("Unable to read {}/hashes.pkl: {}", path, error.what());
  }
  bool modified = false;
  if (!stored || !stored->is_valid()) {
    // What is written in the end must replace exactly what is there now.
    stored = HashesFile::read(path);
    modified = true;
  }
  HashesFile hashes = modified ? HashesFile::empty() : *stored;
  if (modified) {
    for (const std::string& name : list_directory(path)) {
      // Any three characters, as in Swift: what is no suffix goes when it is hashed, or stays and counts.
      if (python::is_utf8(name) && python::utf8_length(name) == 3) hashes.add(name);
    }
  }
  modified = hash_missing(partition, hashes) || modified;
  if (modified && !write_if_unchanged(partition, *stored, hashes)) return std::nullopt;
  return hashes.suffixes();
}

}  // namespace

pickle::Dict partition_hashes(const Partition& partition) {
  struct stat status {};
  if (::stat(partition.path().c_str(), &status) != 0) return {};
  for (int attempt = 0; attempt < kMaxTries; ++attempt) {
    if (auto hashes = try_hashes(partition)) return *std::move(hashes);
  }
  throw std::runtime_error(partition.path() + "/hashes.pkl changes all the time");
}

void invalidate_suffixes(const Partition& partition, const std::vector<std::string>& suffixes) {
  for (const std::string& suffix : suffixes) {
    if (is_suffix(suffix)) invalidate_suffix(partition.path() + "/" + suffix);
  }
}

}  // namespace ssync
