// The JSON in ring files, of any bytes: as a header of format 1, and as each section of format 2.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/ring/errors.h"
#include "common/ring/ring_header.h"
#include "tests/fuzz/require.h"

namespace ssync {
namespace {

void check(const RingDevices& devices) {
  for (std::size_t id = 0; id < devices.size(); ++id) {
    if (!devices[id]) continue;
    require(devices[id]->id == id, "a device is where its id says");
    require(devices[id]->port >= 0 && devices[id]->port <= 65535, "a port is one");
  }
}

void check(const RingLayout& layout) {
  require(layout.part_shift >= 0 && layout.part_shift <= 32, "partitions can be counted");
  require(layout.rows >= 0 && layout.rows <= kMaxRingRows, "rows are bounded");
  require(layout.dev_id_bytes == 2 || layout.dev_id_bytes == 4, "ids have two or four bytes");
}

template <typename Read>
void try_to(const Read& read) {
  try {
    read();
  } catch (const RingError&) {
    // As is documented.
  }
}

}  // namespace
}  // namespace ssync

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ssync;
  const std::string_view json(reinterpret_cast<const char*>(data), size);
  try_to([&] {
    RingDevices devices;
    check(read_ring_header(json, devices));
    check(devices);
  });
  try_to([&] { check(read_ring_metadata(json)); });
  try_to([&] { check(read_ring_devices(json)); });
  try_to([&] { read_ring_index(json); });
  return 0;
}
