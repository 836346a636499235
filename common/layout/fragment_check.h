// Checks the liberasurecode headers in a fragment archive.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/storage_policy.h"

namespace ssync {

// Size in bytes of the fragment of a full segment, with its header (ECStoragePolicy.fragment_size). nullopt,
// with an error in the log, if liberasurecode does not support the policy on this machine.
std::optional<std::size_t> fragment_size(const ErasureCoding& policy);

// A fragment archive is a sequence of fragments of equal size; only the last may be shorter. As in Swift,
// only the header of a fragment and the header's checksum are checked; the payload is covered by the
// archive's ETag.
class FragmentCheck {
 public:
  explicit FragmentCheck(std::size_t fragment_size) : fragment_size_(fragment_size) {}

  // Takes the next bytes of the archive. Returns the offset of the first fragment that is complete but
  // invalid (ECDiskFileReader._update_checks).
  [[nodiscard]] std::optional<std::int64_t> update(std::string_view data);
  // At the end of the archive: the same for the last, shorter fragment.
  [[nodiscard]] std::optional<std::int64_t> finish();

 private:
  std::size_t fragment_size_;
  std::int64_t offset_ = 0;   // of the present fragment
  std::size_t received_ = 0;  // of it
  std::string header_;        // its first bytes
};

}  // namespace ssync
