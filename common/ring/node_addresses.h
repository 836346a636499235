// Which devices of a ring are this node's.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace ssync {

// The addresses by which Swift's daemons know their own devices (swift.common.utils.whataremyips): `ring_ip`
// alone, unless it is empty or any address (0.0.0.0, ::); then those of all interfaces. IPv6 in its shortest
// form. Throws OsError if the interfaces cannot be listed.
std::vector<std::string> node_addresses(const std::string& ring_ip);

// Compares addresses in rings with a node's.
class NodeAddresses {
 public:
  explicit NodeAddresses(const std::vector<std::string>& addresses)
      : addresses_(addresses.begin(), addresses.end()) {}

  // True for an address, or a name that resolves to an address, of this node
  // (swift.common.ring.utils.is_local_device without a port). Each name is asked for once, and none any more
  // after ten seconds of asking in total.
  bool include(const std::string& host);

 private:
  bool look_up(const std::string& host);

  std::set<std::string> addresses_;
  std::map<std::string, bool> names_;
  double seconds_spent_ = 0;
};

}  // namespace ssync
