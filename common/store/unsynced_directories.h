// The directories with new names that are not yet durable.
#pragma once

#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

namespace ssync {

// One per session, so that a directory created for an object that failed is still synced before the next
// object in it counts as durable. Thread-safe.
class UnsyncedDirectories {
 public:
  void add(std::string directory);
  // Adds the parents of directories that have just been created.
  void add_parents(const std::vector<std::string>& made);
  // As add(), but only the first time: for a directory with entries that their creator may not have synced,
  // such as a session that stored nothing in them. Later entries are synced by their creators.
  void add_once(const std::string& directory);
  // Syncs and removes all. Throws OsError; the directories that failed are kept.
  void sync();
  // Removes and returns all: the caller has to sync them, or add them again.
  std::vector<std::string> take();

 private:
  std::mutex mutex_;
  std::unordered_set<std::string> directories_;
  std::unordered_set<std::string> added_once_;
};

// Syncs a directory. A missing one is not an error: clean-up by a Swift daemon may have removed it, and with
// it the names to be synced. Throws OsError.
void sync_directory_if_there(const std::string& directory);

}  // namespace ssync
