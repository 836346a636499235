#include "common/store/quarantine.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <random>
#include <utility>

#include "common/hashes/suffix_invalidation.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/os/path.h"

namespace ssync {
namespace {

bool move_directory(const std::string& from, const std::string& to) {
  make_directories(parent_of(to));
  return std::rename(from.c_str(), to.c_str()) == 0;
}

std::string random_hex() {
  std::random_device source;
  std::array<char, 33> text{};
  std::snprintf(text.data(), text.size(), "%08x%08x%08x%08x", source(), source(), source(), source());
  return text.data();
}

std::atomic<std::uint64_t> counted_objects{0};

}  // namespace

std::string quarantine(const Partition& partition, const std::string& directory, const std::string& reason) {
  const std::string name = name_of(directory);
  invalidate_suffix(name.size() == 3 ? directory : parent_of(directory));
  std::string to = partition.device_path + "/quarantined/" + partition.policy.objects_dir() + "/" + name;
  if (!move_directory(directory, to)) {
    // ENOTDIR: a file in place of a previously quarantined directory, or the reverse.
    if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR && errno != EISDIR) {
      throw OsError(errno, directory, to);
    }
    const std::string place = std::exchange(to, to + "-" + random_hex());
    // The error has the path of the first attempt, as in Swift for a file in place of a directory.
    if (!move_directory(directory, to)) throw OsError(errno, directory, place);
  }
  log::warning("Quarantined {} to {}: {}", directory, to, reason);
  return to;
}

bool is_damage(int code) { return code == ENODATA || code == EUCLEAN; }

void quarantine_unlistable(const Partition& partition, const std::string& hash_dir, int code) {
  if (code == ENOTDIR) {
    quarantine(partition, hash_dir, "it is not a directory");
  } else if (is_damage(code)) {
    try {
      quarantine(partition, hash_dir, "it could not be listed");
    } catch (const OsError&) {
      quarantine(partition, parent_of(hash_dir),
                 "hash directory " + name_of(hash_dir) + " could not be listed");
    }
  } else {
    throw OsError(code, hash_dir);
  }
}

void count_quarantined_object() noexcept { counted_objects.fetch_add(1, std::memory_order_relaxed); }

std::uint64_t quarantined_objects() noexcept { return counted_objects.load(std::memory_order_relaxed); }

}  // namespace ssync
