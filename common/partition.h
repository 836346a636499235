// One partition of one device under one storage policy: where a session works.
#pragma once

#include <string>
#include <string_view>

#include "common/settings.h"
#include "common/storage_policy.h"
#include "common/swift_conf.h"

namespace ssync {

struct Partition {
  const ObjectServerSettings& settings;
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
