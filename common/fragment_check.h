// Are the fragments of an archive what liberasurecode wrote?
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/storage_policy.h"

namespace ssync {

// Bytes of a fragment of a whole segment, with its header (ECStoragePolicy.fragment_size). nullopt, with a
// line in the log, if liberasurecode has no such backend on this machine, or not for these numbers.
std::optional<std::size_t> fragment_size(const ErasureCoding& policy);

// An archive is one fragment after the other, all of one size but for the last, which may be shorter. What a
// fragment has to prove is its header with the header's checksum: as in Swift, its payload is covered by the
// archive's ETag only.
class FragmentCheck {
 public:
  explicit FragmentCheck(std::size_t fragment_size) : fragment_size_(fragment_size) {}

  // The next bytes of the archive. Returns the offset of the first fragment that is now whole and is none
  // (ECDiskFileReader._update_checks).
  [[nodiscard]] std::optional<std::int64_t> update(std::string_view data);
  // At the end of the archive: likewise for the last, shorter one.
  [[nodiscard]] std::optional<std::int64_t> finish();

 private:
  std::size_t fragment_size_;
  std::int64_t offset_ = 0;   // of the present fragment
  std::size_t received_ = 0;  // of it
  std::string header_;        // its first bytes
};

}  // namespace ssync
