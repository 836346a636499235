#include "common/quarantine.h"

#include <spdlog/spdlog.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <random>
#include <utility>

#include "common/errors.h"
#include "common/fd.h"
#include "common/lock_path.h"
#include "common/suffix_invalidation.h"

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

}  // namespace

std::string quarantine(const Partition& partition, const std::string& directory, const std::string& reason) {
  const std::string name = name_of(directory);
  invalidate_suffix(name.size() == 3 ? directory : parent_of(directory));
  std::string to = partition.device_path + "/quarantined/" + partition.policy.objects_dir() + "/" + name;
  if (!move_directory(directory, to)) {
    // ENOTDIR: a file stands where another one was quarantined before as a directory, or the reverse.
    if (errno != EEXIST && errno != ENOTEMPTY && errno != ENOTDIR && errno != EISDIR) {
      throw OsError(errno, directory, to);
    }
    const std::string place = std::exchange(to, to + "-" + random_hex());
    // Named as if it had failed at once, as Swift does for a file in a directory's place.
    if (!move_directory(directory, to)) throw OsError(errno, directory, place);
  }
  spdlog::warn("Quarantined {} to {}: {}", directory, to, reason);
  return to;
}

void quarantine_unlistable(const Partition& partition, const std::string& hash_dir, int code) {
  if (code == ENOTDIR) {
    quarantine(partition, hash_dir, "it is not a directory");
  } else if (code == ENODATA) {
    try {
      quarantine(partition, hash_dir, "it could not be listed");
    } catch (const OsError&) {
      quarantine(partition, parent_of(hash_dir), name_of(hash_dir) + " in it could not be listed");
    }
  } else {
    throw OsError(code, hash_dir);
  }
}

}  // namespace ssync
