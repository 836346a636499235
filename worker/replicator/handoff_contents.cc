#include "worker/replicator/handoff_contents.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "common/hashes/hashes_file.h"
#include "common/layout/object_name.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/store/suffix_hashes.h"

namespace ssync {
namespace {

// The names in order; nullopt for what is gone, or is no directory, which is counted.
std::optional<std::vector<std::string>> names_in(const std::string& path, std::size_t& not_directories) {
  try {
    auto names = list_directory_if_there(path);
    if (names) std::sort(names->begin(), names->end());
    return names;
  } catch (const OsError& error) {
    if (error.code() != ENOTDIR) throw;
    ++not_directories;
    return std::nullopt;
  }
}

// Adds the suffix with its objects and their hash, if it is a directory.
void add_suffix(const Partition& partition, const std::string& suffix, HandoffContents& contents) {
  std::size_t files = 0;
  const auto hashes = names_in(partition.path() + "/" + suffix, files);
  if (!hashes) return;
  std::vector<ObjectFiles> all_files;
  for (const std::string& name : *hashes) {
    const auto hash = parse_object_hash(name);
    if (!hash || !name.ends_with(suffix)) continue;
    auto names = names_in(partition.hash_dir(name), contents.not_directories);
    if (!names) continue;
    all_files.push_back(choose_object_files(*names, partition.policy.type));
    contents.objects.push_back(
        {.suffix = suffix, .hash = *hash, .names = *std::move(names), .files = all_files.back()});
  }
  contents.suffixes.emplace(suffix, suffix_hash_of(all_files));
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
  std::size_t files = 0;
  for (const std::string& name : names_in(partition.path(), files).value_or(std::vector<std::string>())) {
    if (is_suffix(name)) add_suffix(partition, name, contents);
  }
  return contents;
}

}  // namespace ssync
