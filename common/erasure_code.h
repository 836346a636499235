// liberasurecode, by the names that Swift's policies give its backends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/storage_policy.h"

namespace ssync {

// A coder for one policy, with the parameters that pyeclib gives it.
class ErasureCode {
 public:
  explicit ErasureCode(const ErasureCoding& policy);
  ~ErasureCode();
  ErasureCode(const ErasureCode&) = delete;
  ErasureCode& operator=(const ErasureCode&) = delete;

  // 0, or liberasurecode's number for why there is no such coder on this machine.
  [[nodiscard]] int error() const noexcept { return descriptor_ > 0 ? 0 : -descriptor_; }

  // The rest is for a coder without an error.

  // Bytes of a fragment, with its header, of a segment of this size; negative: liberasurecode's error.
  [[nodiscard]] int fragment_size(std::int64_t segment_size) const;
  // The fragments of a segment that is not empty, data before parity, each with its header. Throws
  // std::runtime_error.
  [[nodiscard]] std::vector<std::string> encode(std::string_view segment) const;

 private:
  int descriptor_;
  std::size_t data_fragments_;
  std::size_t parity_fragments_;
};

}  // namespace ssync
