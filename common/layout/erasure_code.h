// Erasure coding with liberasurecode, with Swift's names for its backends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/storage_policy.h"

namespace ssync {

// A coder for one policy, with the same parameters as pyeclib.
class ErasureCode {
 public:
  explicit ErasureCode(const ErasureCoding& policy);
  ~ErasureCode();
  ErasureCode(const ErasureCode&) = delete;
  ErasureCode& operator=(const ErasureCode&) = delete;

  // 0, or liberasurecode's error number if this machine does not support the policy.
  [[nodiscard]] int error() const noexcept { return descriptor_ > 0 ? 0 : -descriptor_; }

  // The functions below need a coder without an error.

  // Size in bytes of a fragment, with its header, for a segment of this size; negative: liberasurecode's
  // error.
  [[nodiscard]] int fragment_size(std::int64_t segment_size) const;
  // Encodes a non-empty segment into fragments with headers, data before parity. Throws std::runtime_error.
  [[nodiscard]] std::vector<std::string> encode(std::string_view segment) const;

 private:
  int descriptor_;
  std::size_t data_fragments_;
  std::size_t parity_fragments_;
};

}  // namespace ssync
