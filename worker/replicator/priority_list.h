// Partitions that an operator wants to have replicated before all others.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/os/file_identity.h"

namespace ssync {

// A file that may be written anew at any time. A line is a partition, "1234", of whatever policy, or one of a
// policy, "1:1234"; what follows a # is a comment.
class PriorityList {
 public:
  // Empty: there is no file. Nothing is read yet.
  explicit PriorityList(std::string path) : path_(std::move(path)) {}

  // Reads the file if it is another one than before, or has changed; true if the list has changed. A line
  // that is no partition is logged with its number and left out; a file that is not there is an empty list;
  // one that cannot be read, or is longer than 16 MiB, is logged, and leaves the list as it was.
  bool refresh();

  [[nodiscard]] bool contains(int policy_index, std::uint64_t partition) const;
  [[nodiscard]] bool empty() const noexcept { return partitions_.empty(); }

 private:
  // -1: of any policy.
  using Partitions = std::set<std::pair<int, std::uint64_t>>;

  Partitions parsed(const std::string& text) const;

  std::string path_;
  std::optional<FileIdentity> seen_;  // the file that was read last; nullopt: there was none
  Partitions partitions_;
};

}  // namespace ssync
