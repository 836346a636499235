#include "common/config/storage_policy.h"

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "common/config/errors.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/repr.h"
#include "common/python/text.h"

namespace ssync {
namespace {

constexpr std::string_view kLegacyName = "Policy-0";
constexpr std::string_view kValidNameCharacters =
    "-abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

[[noreturn]] void refuse(const StoragePolicy& policy, std::string_view problem) {
  throw ConfigError("[storage-policy:" + std::to_string(policy.index) + "]: " + std::string(problem));
}

void check_name(const StoragePolicy& policy, const std::string& name) {
  if (name.empty()) refuse(policy, "name is missing; add 'name = ...'");
  if (name.find_first_not_of(kValidNameCharacters) != std::string::npos) {
    refuse(policy, "name " + python::repr_text(name) +
                       ": names go into HTTP headers; use letters, digits and '-' only");
  }
  if (policy.index != 0 && python::upper_ascii(name) == python::upper_ascii(kLegacyName)) {
    refuse(policy, "name '" + name + "' is reserved for policy 0; choose another");
  }
}

// Makes aliases the name followed by the other names, without duplicates.
void complete_names(StoragePolicy& policy) {
  std::vector<std::string> names{policy.name};
  for (std::string& alias : policy.aliases) {
    if (alias != policy.name) names.push_back(std::move(alias));
  }
  policy.aliases = std::move(names);
  std::set<std::string> seen;
  for (const std::string& name : policy.aliases) {
    check_name(policy, name);
    if (!seen.insert(python::upper_ascii(name)).second) {
      refuse(policy, "duplicate name '" + name + "'; remove one");
    }
  }
}

std::string numbered(const std::string& base, int index) {
  return index == 0 ? base : base + "-" + std::to_string(index);
}

}  // namespace

std::string StoragePolicy::objects_dir() const { return numbered("objects", index); }

std::string StoragePolicy::tmp_dir() const { return numbered("tmp", index); }

std::string StoragePolicy::ring_name() const { return numbered("object", index); }

StoragePolicies::StoragePolicies(std::vector<StoragePolicy> policies) : policies_(std::move(policies)) {
  if (policies_.empty()) policies_.emplace_back().name = kLegacyName;
  std::set<int> indexes;
  std::set<std::string> names;
  const StoragePolicy* default_policy = nullptr;
  for (StoragePolicy& policy : policies_) {
    if (policy.index < 0) refuse(policy, "index must not be negative");
    complete_names(policy);
    if (policy.is_default && policy.is_deprecated) {
      refuse(policy, "a deprecated policy cannot be the default; make another the default");
    }
    if (!indexes.insert(policy.index).second) refuse(policy, "duplicate index; renumber one policy");
    for (const std::string& name : policy.aliases) {
      if (!names.insert(python::upper_ascii(name)).second) {
        refuse(policy, "name '" + name + "' is also the name of another policy; rename one");
      }
    }
    if (policy.is_default && default_policy != nullptr) {
      refuse(policy, "policy " + std::to_string(default_policy->index) +
                         " is already the default; remove one 'default = yes'");
    }
    if (policy.is_default) default_policy = &policy;
  }
  if (!indexes.contains(0)) throw ConfigError("no policy 0; add a section [storage-policy:0]");
  if (std::ranges::all_of(policies_, &StoragePolicy::is_deprecated)) {
    throw ConfigError("every storage policy is deprecated; remove 'deprecated' from one");
  }
  if (default_policy == nullptr) {
    if (policies_.size() > 1) throw ConfigError("no default storage policy; add 'default = yes' to one");
    policies_.front().is_default = true;
  }
  std::ranges::sort(policies_, {}, &StoragePolicy::index);
}

const StoragePolicy* StoragePolicies::from_header(const std::optional<std::string>& value) const {
  if (!value || value->empty()) return by_index(0);
  try {
    const std::int64_t index = python::parse_int(*value, 10);
    return index < 0 || index > std::numeric_limits<int>::max() ? nullptr : by_index(static_cast<int>(index));
  } catch (const ValueError&) {
    return nullptr;
  }
}

const StoragePolicy* StoragePolicies::by_index(int index) const {
  const auto found = std::ranges::find(policies_, index, &StoragePolicy::index);
  return found == policies_.end() ? nullptr : &*found;
}

}  // namespace ssync
