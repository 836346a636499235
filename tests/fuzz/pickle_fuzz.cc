// pickle::load of any bytes, and what was read written and read again.
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "common/python/errors.h"
#include "common/python/pickle.h"
#include "tests/fuzz/heap_use.h"
#include "tests/fuzz/require.h"

namespace ssync {
namespace {

// "A small multiple of the input's length", and the text that any pickle may hold.
constexpr std::size_t kHeapForByte = 512;
constexpr std::size_t kFreeHeap = 4UL * 1024 * 1024;

std::optional<pickle::Value> load_if_plain(std::string_view data, pickle::Python2Str python2_str) {
  const HeapUse heap;
  std::optional<pickle::Value> value;
  try {
    value = pickle::load(data, python2_str);
  } catch (const pickle::Error&) {
    // Most input is no pickle.
  }
  require(heap.peak() <= data.size() * kHeapForByte + kFreeHeap, "memory is bounded by the input's length");
  return value;
}

// Compared as pickles, since a NaN is not equal to itself.
void check_round_trip(const pickle::Value& value) {
  const std::string written = pickle::dump(value);
  require(pickle::dump(pickle::load(written)) == written, "what was written reads as the same value");
}

}  // namespace
}  // namespace ssync

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  for (const auto python2_str : {ssync::pickle::Python2Str::bytes, ssync::pickle::Python2Str::ascii_text}) {
    if (const auto value = ssync::load_if_plain(input, python2_str)) {
      static_cast<void>(ssync::pickle::is_true(*value));
      ssync::check_round_trip(*value);
    }
  }
  return 0;
}
