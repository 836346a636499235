// Publishes a staged file in steps, so that CommitQueue can run each step for many files together.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/layout/object_files.h"
#include "common/store/staged_file.h"

namespace ssync {

// The steps are called once each, in this order. The caller invalidates the suffix between the first two, and
// syncs hash_dir() and the unsynced directories after the second. Not for use during an increase of the
// partition power.
class BatchPublication {
 public:
  BatchPublication(std::unique_ptr<StagedFile> file, Durability durability)
      : file_(std::move(file)), durability_(durability) {}

  // Makes bytes and metadata durable. Throws OsError.
  void sync_data() { file_->sync_data(); }
  // Makes the file visible; a fragment that is to be durable gets its final name. Throws OsError,
  // InsufficientStorage; even then the names must be synced if is_revealed().
  void reveal();
  // To be called instead of the next step if the name could not be made durable: removes the name, if it
  // exists.
  void take_back() noexcept { file_->take_back(); }
  // After the names are durable: removes obsolete files. Throws as clean_up_around().
  void clean_up() const;

  [[nodiscard]] const std::string& hash_dir() const noexcept { return file_->hash_dir(); }
  [[nodiscard]] bool is_revealed() const noexcept { return file_->is_linked(); }

 private:
  std::unique_ptr<StagedFile> file_;
  Durability durability_;
  bool is_superseded_ = false;
};

}  // namespace ssync
