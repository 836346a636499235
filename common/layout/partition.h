// One partition of one device under one storage policy.
#pragma once

#include <string>
#include <string_view>

#include "common/config/disk_settings.h"
#include "common/config/storage_policy.h"
#include "common/config/swift_conf.h"

namespace ssync {

struct Partition {
  const DiskSettings& settings;
  const SwiftConf& conf;
  const StoragePolicy& policy;
  std::string device_path;  // "/srv/node/sda1"
  std::string name;         // as in the request: a number, but Swift does not insist

  [[nodiscard]] std::string path() const { return device_path + "/" + policy.objects_dir() + "/" + name; }
  // "<suffix>/<hash>", relative to the partition's directory.
  [[nodiscard]] static std::string hash_dir_within(std::string_view hash) {
    return std::string(hash.substr(hash.size() - 3)).append("/").append(hash);
  }
  // "<partition>/<suffix>/<hash>"
  [[nodiscard]] std::string hash_dir(std::string_view hash) const {
    return path().append("/").append(hash_dir_within(hash));
  }
};

}  // namespace ssync
