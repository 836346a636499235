#include "worker/recon/checksums.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <string_view>
#include <vector>

#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/log.h"
#include "common/os/md5.h"
#include "worker/recon/regular_file.h"

namespace ssync {
namespace {

constexpr std::size_t kPiece = 256UL * 1024;
// Swift's largest rings have some tens of MB.
constexpr std::size_t kLargest = 1024UL * 1024 * 1024;

std::string md5_of_file(const std::string& path) {
  const Fd file = open_regular_file(path);
  Md5 md5;
  std::vector<char> piece(kPiece);
  for (std::size_t size = 0;;) {
    const ssize_t got = ::read(file.get(), piece.data(), piece.size());
    if (got == 0) return md5.hex();
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_os_error(path);
    md5.update({piece.data(), static_cast<std::size_t>(got)});
    size += static_cast<std::size_t>(got);
    if (size > kLargest) throw std::runtime_error(path + ": larger than a GiB");
  }
}

Json checksum(const std::string& path, std::string_view kind) {
  try {
    return md5_of_file(path);
  } catch (const std::exception& error) {
    log::error("Error reading {}: {}", kind, error.what());
    return nullptr;
  }
}

}  // namespace

Json ring_checksums(const std::string& swift_dir, const StoragePolicies& policies) {
  std::vector<std::string> names = {"account", "container"};
  for (const StoragePolicy& policy : policies.all()) {
    names.push_back(policy.ring_name());
  }
  Json sums = Json::object();
  for (const std::string& name : names) {
    const std::string path = swift_dir + "/" + name + ".ring.gz";
    struct stat status {};
    if (::stat(path.c_str(), &status) == 0) sums[path] = checksum(path, "ringfile");
  }
  return sums;
}

Json swift_conf_checksum(const std::string& swift_dir) {
  const std::string path = swift_dir + "/swift.conf";
  return {{path, checksum(path, "swift.conf")}};
}

}  // namespace ssync
