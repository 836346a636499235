// How much memory a parser takes at most, so that amplification is a finding.
#pragma once

#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <cstddef>

namespace ssync {

// Counts what the one thread of a fuzz target allocates and frees while it exists.
class HeapUse {
 public:
  HeapUse() {
    static const int installed = __sanitizer_install_malloc_and_free_hooks(&on_malloc, &on_free);
    static_cast<void>(installed);
    present_ = peak_ = 0;
  }

  // Bytes more than at the beginning.
  [[nodiscard]] static std::size_t peak() { return static_cast<std::size_t>(peak_); }

 private:
  static void on_malloc(const volatile void* /*memory*/, std::size_t size) {
    present_ += static_cast<std::ptrdiff_t>(size);
    peak_ = std::max(peak_, present_);
  }
  static void on_free(const volatile void* memory) {
    if (memory != nullptr) {
      present_ -=
          static_cast<std::ptrdiff_t>(__sanitizer_get_allocated_size(const_cast<const void*>(memory)));
    }
  }

  static inline std::ptrdiff_t present_ = 0;
  static inline std::ptrdiff_t peak_ = 0;
};

}  // namespace ssync
