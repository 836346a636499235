#include "common/store/durable_fragment.h"

#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

#include "common/layout/object_files.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/store/errors.h"
#include "common/store/hash_dir_cleanup.h"

namespace ssync {
namespace {

std::string path_of(const Fragment& fragment, Durability durability) {
  return fragment.hash_dir + "/" + make_fragment_name(fragment.timestamp, fragment.index, durability);
}

// Another server's clean-up removes a non-durable fragment once something newer is durable.
bool is_superseded(const Partition& partition, const Fragment& fragment) {
  const ObjectFiles files =
      choose_object_files(list_directory(fragment.hash_dir), partition.policy.type,
                          {.policy = &partition.policy.erasure_coding, .fragment_index = fragment.index});
  if (files.tombstone && files.tombstone->timestamp > fragment.timestamp) return true;
  return files.durable_timestamp && *files.durable_timestamp >= fragment.timestamp;
}

}  // namespace

FragmentRename rename_to_durable(const Partition& partition, const Fragment& fragment) {
  const std::string from = path_of(fragment, Durability::undecided);
  const std::string to = path_of(fragment, Durability::durable);
  if (std::rename(from.c_str(), to.c_str()) == 0) return FragmentRename::durable;
  const OsError error(errno, to);
  if (error.code() == ENOSPC || error.code() == EDQUOT) throw InsufficientStorage(error.what());
  if (error.code() == ENOENT && is_superseded(partition, fragment)) return FragmentRename::superseded;
  throw OsError(error);
}

FragmentRename make_fragment_durable(const Partition& partition, const Fragment& fragment) {
  if (rename_to_durable(partition, fragment) == FragmentRename::superseded) return FragmentRename::superseded;
  try {
    sync_directory(fragment.hash_dir);
  } catch (const OsError&) {
    const std::string durable = path_of(fragment, Durability::durable);
    if (std::rename(durable.c_str(), path_of(fragment, Durability::undecided).c_str()) != 0) {
      log::error("Cannot undo the rename of a fragment to its durable name: {}",
                 OsError(errno, durable).what());
    }
    throw;
  }
  clean_up_after_write(partition, fragment.hash_dir);
  return FragmentRename::durable;
}

}  // namespace ssync
