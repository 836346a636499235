#include "worker/replicator/handoff_contents.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "common/hashes/hashes_file.h"
#include "common/layout/object_name.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/python/hex.h"

namespace ssync {
namespace {

// The names in order; empty for what is no directory, or is gone.
std::vector<std::string> names_in(const std::string& path) {
  try {
    std::vector<std::string> names = list_directory_if_there(path).value_or(std::vector<std::string>());
    std::sort(names.begin(), names.end());
    return names;
  } catch (const OsError& error) {
    if (error.code() == ENOTDIR) return {};
    throw;
  }
}

}  // namespace

bool HandoffObject::is_as_in(const Offer& offer) const {
  const ObjectFile* const main_file = files.data        ? &*files.data
                                      : files.tombstone ? &*files.tombstone
                                                        : nullptr;
  if (main_file == nullptr || main_file->timestamp != offer.data) return false;
  return offer.meta == (files.data && files.meta ? files.meta->timestamp : offer.data);
}

HandoffContents list_handoff(const Partition& partition) {
  HandoffContents contents;
  for (const std::string& suffix : names_in(partition.path())) {
    if (!is_suffix(suffix) || !is_directory(partition.path() + "/" + suffix)) continue;
    contents.suffixes.push_back(suffix);
    for (const std::string& name : names_in(partition.path() + "/" + suffix)) {
      const auto hash = parse_object_hash(name);
      if (!hash || !name.ends_with(suffix) || !is_directory(partition.hash_dir(name))) continue;
      HandoffObject object{
          .suffix = suffix, .hash = *hash, .names = names_in(partition.hash_dir(name)), .files = {}};
      object.files = choose_object_files(object.names, partition.policy.type);
      contents.objects.push_back(std::move(object));
    }
  }
  return contents;
}

}  // namespace ssync
