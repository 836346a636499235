// /etc/swift/swift.conf: the hash path's secrets, the storage policies and the constraints.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config/storage_policy.h"

namespace ssync {

// [swift-constraints], with Swift's defaults (swift.common.constraints).
struct SwiftConstraints {
  std::int64_t max_file_size = 5368709122;
  std::int64_t max_meta_name_length = 128;
  std::int64_t max_meta_value_length = 256;
  std::int64_t max_meta_count = 90;
  std::int64_t max_meta_overall_size = 4096;
  std::int64_t max_header_size = 8192;
  std::int64_t max_object_name_length = 1024;
  std::string auto_create_account_prefix = ".";
};

struct SwiftConf {
  std::string hash_path_prefix;  // Latin-1 bytes; not both empty
  std::string hash_path_suffix;
  SwiftConstraints constraints;
  StoragePolicies policies;
};

// Reads `<swift_dir>/swift.conf`. Throws ConfigError (file, section, option, value, remedy) if it
// cannot be read, if both prefix and suffix are empty or absent, or for a bad policy or number.
// Values are read as Swift's ConfigParser reads them: '%%' stands for '%', a lone '%' is an error.
SwiftConf load_swift_conf(const std::string& swift_dir);

}  // namespace ssync
