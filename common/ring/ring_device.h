// A device as a ring has it.
#pragma once

#include <cstdint>
#include <string>

namespace ssync {

struct RingDevice {
  std::uint32_t id = 0;
  std::int64_t region = 1;
  std::int64_t zone = 0;
  std::string ip;  // an address or a host's name, as it stands in the ring
  int port = 0;
  std::string replication_ip;  // without one in the ring, ip and port
  int replication_port = 0;
  std::string device;
  double weight = 0;

  friend bool operator==(const RingDevice&, const RingDevice&) = default;
};

}  // namespace ssync
