// Storage policies of swift.conf (swift.common.storage_policy).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ssync {

enum class PolicyType { replication, erasure_coding };

struct ErasureCoding {
  std::string ec_type;  // name of a liberasurecode backend
  int data_fragments = 0;
  int parity_fragments = 0;
  std::int64_t segment_size = 1048576;
  int duplication_factor = 1;
};

struct StoragePolicy {
  int index = 0;
  std::string name;
  std::vector<std::string> aliases;  // name first
  PolicyType type = PolicyType::replication;
  bool is_default = false;
  bool is_deprecated = false;
  ErasureCoding erasure_coding = {};  // meaningful when type is erasure_coding

  // "objects" or "objects-N"; "tmp" or "tmp-N" (swift.common.storage_policy.get_policy_string).
  [[nodiscard]] std::string objects_dir() const;
  [[nodiscard]] std::string tmp_dir() const;
  // "object" or "object-N", of its ring's file "object.ring.gz" (StoragePolicy.ring_name).
  [[nodiscard]] std::string ring_name() const;
};

class StoragePolicies {
 public:
  // Throws ConfigError for what Swift's parse_storage_policies refuses (no default, two defaults,
  // duplicate index or name or alias, bad names, deprecated default, no policy 0, …). Without sections there
  // is one policy, 'Policy-0'.
  explicit StoragePolicies(std::vector<StoragePolicy> policies);

  // The policy for the value of X-Backend-Storage-Policy-Index (StoragePolicyCollection.get_by_index): policy
  // 0 if absent or empty, nullptr if not an integer or an unknown index.
  [[nodiscard]] const StoragePolicy* from_header(const std::optional<std::string>& value) const;
  [[nodiscard]] const StoragePolicy* by_index(int index) const;
  [[nodiscard]] const std::vector<StoragePolicy>& all() const noexcept { return policies_; }

 private:
  std::vector<StoragePolicy> policies_;  // ordered by index
};

}  // namespace ssync
