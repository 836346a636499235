// A directory of devices of its own for a test, with the partition, the policies and the settings that
// come with it; removed with all that is in it.
#pragma once

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/config/configuration.h"
#include "common/config/storage_policy.h"
#include "common/layout/metadata.h"
#include "common/layout/object_name.h"
#include "common/layout/partition.h"
#include "common/os/fd.h"
#include "tests/temporary_directory.h"

namespace ssync {

// Device "sda1" without mount_check, partition "7" of policy 0 (policy 1 is a replication policy too,
// policy 2 is erasure coded, 2+1) unless another one is asked for, hash suffix "changeme".
class TemporaryDevice {
 public:
  explicit TemporaryDevice(int policy_index = 0)
      : configuration_{.settings = {},
                       .swift = {.hash_path_prefix = "",
                                 .hash_path_suffix = "changeme",
                                 .constraints = {},
                                 .policies = policies()}},
        partition_{.settings = configuration_.settings.disk,
                   .conf = configuration_.swift,
                   .policy = *configuration_.swift.policies.by_index(policy_index),
                   .device_path = directory_.path() + "/sda1",
                   .name = "7"} {
    settings().devices = directory_.path();
    settings().mount_check = false;
    settings().fallocate_reserve = {.amount = 0, .is_percent = false};
    receiver().allowed_headers = {"content-disposition", "content-encoding", "x-delete-at",
                                  "x-object-manifest", "x-static-large-object"};
    std::filesystem::create_directory(partition_.device_path);
  }

  DiskSettings& settings() noexcept { return configuration_.settings.disk; }
  ReceiverSettings& receiver() noexcept { return configuration_.settings.receiver; }
  MiddlewareSettings& middleware() noexcept { return configuration_.settings.middleware; }
  SwiftConf& conf() noexcept { return configuration_.swift; }
  [[nodiscard]] const Configuration& configuration() const noexcept { return configuration_; }
  [[nodiscard]] const Partition& partition() const noexcept { return partition_; }
  [[nodiscard]] const std::string& path() const noexcept { return partition_.device_path; }

  [[nodiscard]] std::string hash_of(const ObjectName& name) const {
    return hash_path(configuration_.swift, name);
  }
  [[nodiscard]] std::string hash_dir_of(const ObjectName& name) const {
    return partition_.hash_dir(hash_of(name));
  }

  // Stores a file of an object as it is, without any of the code under test but write_metadata.
  std::string add_file(const ObjectName& name, const std::string& file_name, const Metadata& metadata,
                       std::string_view data = "") const {
    const std::string path = add_bare_file(name, file_name, data);
    const Fd file = open_file(path, O_WRONLY);
    write_metadata(file.get(), metadata, path);
    return path;
  }

  // The same without metadata.
  std::string add_bare_file(const ObjectName& name, const std::string& file_name,
                            std::string_view data = "") const {
    const std::string hash_dir = hash_dir_of(name);
    std::filesystem::create_directories(hash_dir);
    const std::string path = hash_dir + "/" + file_name;
    std::ofstream(path, std::ios::binary) << data;
    return path;
  }

  // A .data file with the metadata that Swift's PUT gives it, changed by more.
  std::string add_data(const ObjectName& name, const std::string& timestamp, std::string_view data,
                       const std::vector<std::pair<std::string, std::string>>& more = {}) const {
    Metadata metadata = named(name, timestamp);
    metadata.set("Content-Type", "text/plain");
    metadata.set("Content-Length", std::to_string(data.size()));
    metadata.set("ETag", "unchecked");
    for (const auto& [key, value] : more) metadata.set(key, value);
    return add_file(name, timestamp + ".data", metadata, data);
  }

  std::string add_tombstone(const ObjectName& name, const std::string& timestamp) const {
    return add_file(name, timestamp + ".ts", named(name, timestamp));
  }

  // A .meta without a content type.
  std::string add_meta(const ObjectName& name, const std::string& timestamp,
                       const std::vector<std::pair<std::string, std::string>>& more = {}) const {
    Metadata metadata = named(name, timestamp);
    for (const auto& [key, value] : more) metadata.set(key, value);
    return add_file(name, timestamp + ".meta", metadata);
  }

  static Metadata named(const ObjectName& name, const std::string& timestamp) {
    Metadata metadata;
    metadata.set("X-Timestamp", timestamp);
    metadata.set("name", name.path());
    return metadata;
  }

  // Lines of the partition's hashes.invalid.
  [[nodiscard]] std::vector<std::string> invalid_suffixes() const {
    std::vector<std::string> lines;
    std::ifstream file(partition_.path() + "/hashes.invalid");
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }

  [[nodiscard]] std::vector<std::string> files_of(const ObjectName& name) const {
    return names_in(hash_dir_of(name));
  }

  // Names under quarantined/objects.
  [[nodiscard]] std::vector<std::string> quarantined() const {
    return names_in(path() + "/quarantined/objects");
  }

 private:
  static StoragePolicy policy(int index, const std::string& name) {
    StoragePolicy result;
    result.index = index;
    result.name = name;
    result.aliases = {name};
    return result;
  }

  static StoragePolicies policies() {
    StoragePolicy gold = policy(0, "gold");
    gold.is_default = true;
    StoragePolicy erasure_coded = policy(2, "ec");
    erasure_coded.type = PolicyType::erasure_coding;
    erasure_coded.erasure_coding.ec_type = "liberasurecode_rs_vand";
    erasure_coded.erasure_coding.data_fragments = 2;
    erasure_coded.erasure_coding.parity_fragments = 1;
    return StoragePolicies({gold, policy(1, "silver"), erasure_coded});
  }

  TemporaryDirectory directory_;
  Configuration configuration_;
  Partition partition_;
};

// {name: value} of metadata, for comparing.
inline std::map<std::string, std::string> as_map(const Metadata& metadata) {
  std::map<std::string, std::string> result;
  for (const Metadata::Item& item : metadata.items()) result[item.name] = item.value;
  return result;
}

}  // namespace ssync
