#include "common/fragment_commit.h"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstdio>
#include <utility>
#include <vector>

#include "common/errors.h"
#include "common/fd.h"
#include "common/hash_dir_cleanup.h"
#include "common/object_files.h"

namespace ssync {
namespace {

std::string path_of(const Fragment& fragment, Durability durability) {
  return fragment.hash_dir + "/" + make_fragment_name(fragment.timestamp, fragment.index, durability);
}

// Another server's clean-up removes a fragment that is not durable when something newer is.
bool is_superseded(const Partition& partition, const Fragment& fragment) {
  const ObjectFiles files =
      choose_object_files(list_directory(fragment.hash_dir), partition.policy.type,
                          {.policy = &partition.policy.erasure_coding, .fragment_index = fragment.index});
  if (files.tombstone && files.tombstone->timestamp > fragment.timestamp) return true;
  return files.durable_timestamp && *files.durable_timestamp >= fragment.timestamp;
}

}  // namespace

CommitOutcome rename_to_durable(const Partition& partition, const Fragment& fragment) {
  const std::string from = path_of(fragment, Durability::undecided);
  const std::string to = path_of(fragment, Durability::durable);
  if (std::rename(from.c_str(), to.c_str()) == 0) return CommitOutcome::durable;
  const OsError error(errno, to);
  if (error.code() == ENOSPC || error.code() == EDQUOT) throw InsufficientStorage(error.what());
  if (error.code() == ENOENT && is_superseded(partition, fragment)) return CommitOutcome::superseded;
  throw OsError(error);
}

CommitOutcome commit_fragment(const Partition& partition, const Fragment& fragment) {
  if (rename_to_durable(partition, fragment) == CommitOutcome::superseded) return CommitOutcome::superseded;
  try {
    sync_directory(fragment.hash_dir);
  } catch (const OsError&) {
    const std::string durable = path_of(fragment, Durability::durable);
    if (std::rename(durable.c_str(), path_of(fragment, Durability::undecided).c_str()) != 0) {
      spdlog::error("Cannot take back: {}", OsError(errno, durable).what());
    }
    throw;
  }
  clean_up_after_write(partition, fragment.hash_dir);
  return CommitOutcome::durable;
}

}  // namespace ssync
