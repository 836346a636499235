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

#include "common/fd.h"
#include "common/metadata.h"
#include "common/object_name.h"
#include "common/partition.h"
#include "common/settings.h"
#include "common/storage_policy.h"
#include "common/swift_conf.h"
#include "tests/temporary_directory.h"

namespace ssync {

inline std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Names in a directory, sorted; none if it is not there.
inline std::vector<std::string> names_in(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(path, error)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Device "sda1" without mount_check, partition "7" of policy 0 (policy 1 is a replication policy too,
// policy 2 is erasure coded, 2+1) unless another one is asked for, hash suffix "changeme".
class TemporaryDevice {
 public:
  explicit TemporaryDevice(int policy_index = 0)
      : conf_{.hash_path_prefix = "",
              .hash_path_suffix = "changeme",
              .constraints = {},
              .policies = policies()},
        partition_{.settings = settings_,
                   .conf = conf_,
                   .policy = *conf_.policies.by_index(policy_index),
                   .device_path = directory_.path() + "/sda1",
                   .name = "7"} {
    settings_.devices = directory_.path();
    settings_.mount_check = false;
    settings_.fallocate_reserve = {.amount = 0, .is_percent = false};
    settings_.allowed_headers = {"content-disposition", "content-encoding", "x-delete-at",
                                 "x-object-manifest", "x-static-large-object"};
    std::filesystem::create_directory(partition_.device_path);
  }

  ObjectServerSettings& settings() noexcept { return settings_; }
  SwiftConf& conf() noexcept { return conf_; }
  [[nodiscard]] const Partition& partition() const noexcept { return partition_; }
  [[nodiscard]] const std::string& path() const noexcept { return partition_.device_path; }

  [[nodiscard]] std::string hash_of(const ObjectName& name) const { return hash_path(conf_, name); }
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
  ObjectServerSettings settings_;
  SwiftConf conf_;
  Partition partition_;
};

// {name: value} of metadata, for comparing.
inline std::map<std::string, std::string> as_map(const Metadata& metadata) {
  std::map<std::string, std::string> result;
  for (const Metadata::Item& item : metadata.items()) result[item.name] = item.value;
  return result;
}

}  // namespace ssync
