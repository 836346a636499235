// What a fuzz target holds to be true of any input.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace ssync {

// Ends the program, and so the fuzzer's run with a finding, if what is claimed does not hold.
inline void require(bool holds, std::string_view claim) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %.*s\n", static_cast<int>(claim.size()), claim.data());
  std::abort();
}

}  // namespace ssync
