// How large the head of a subrequest may be. Swift has no bounds here; what its limits allow to be stored
// stays far below.
#pragma once

#include <cstddef>

namespace ssync {

constexpr std::size_t kMaxHeaderLines = 5000;
constexpr std::size_t kMaxHeaderBytes = 4UL * 1024 * 1024;

}  // namespace ssync
