#include "common/config/swift_conf.h"

#include <limits>
#include <map>
#include <string_view>
#include <utility>

#include "common/config/errors.h"
#include "common/config/ini_file.h"
#include "common/config/swift_egg.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/text.h"

namespace ssync {
namespace {

constexpr std::string_view kPolicyPrefix = "storage-policy:";

std::int64_t integer(const IniOption& option, std::int64_t minimum, std::int64_t maximum) {
  std::int64_t value = 0;
  try {
    value = python::parse_int(python::ascii_number(option.value), 10);
  } catch (const ValueError&) {
    throw bad_option(option, "not a whole number; give digits only");
  }
  if (value < minimum || value > maximum) {
    throw bad_option(option, "out of range; give a number from " + std::to_string(minimum) + " to " +
                                 std::to_string(maximum));
  }
  return value;
}

// Swift reads the secrets as Latin-1 text, and Python strips more than ASCII white space from a str.
std::string strip_latin1(const std::string& value) {
  constexpr std::string_view kWhite = " \t\n\r\v\f\x1c\x1d\x1e\x1f\x85\xa0";
  const std::size_t begin = value.find_first_not_of(kWhite);
  return begin == std::string::npos ? std::string()
                                    : value.substr(begin, value.find_last_not_of(kWhite) - begin + 1);
}

void read_hash_secrets(const IniFile& file, SwiftConf& conf) {
  const IniSection options = file.options("swift-hash", IniInterpolation::basic);
  const auto value = [&options](const char* name) {
    const auto found = options.find(name);
    return found == options.end() ? std::string() : strip_latin1(found->second.value);
  };
  conf.hash_path_prefix = value("swift_hash_path_prefix");
  conf.hash_path_suffix = value("swift_hash_path_suffix");
  if (conf.hash_path_prefix.empty() && conf.hash_path_suffix.empty()) {
    throw ConfigError(file.path() +
                      ": [swift-hash] neither swift_hash_path_prefix nor swift_hash_path_suffix is set; "
                      "copy the swift.conf of another node of the cluster");
  }
}

SwiftConstraints read_constraints(const IniFile& file) {
  SwiftConstraints constraints;
  const std::map<std::string_view, std::int64_t SwiftConstraints::*> numbers = {
      {"max_file_size", &SwiftConstraints::max_file_size},
      {"max_meta_name_length", &SwiftConstraints::max_meta_name_length},
      {"max_meta_value_length", &SwiftConstraints::max_meta_value_length},
      {"max_meta_count", &SwiftConstraints::max_meta_count},
      {"max_meta_overall_size", &SwiftConstraints::max_meta_overall_size},
      {"max_header_size", &SwiftConstraints::max_header_size},
      {"max_object_name_length", &SwiftConstraints::max_object_name_length},
  };
  for (const auto& [name, option] : file.options("swift-constraints", IniInterpolation::basic)) {
    if (const auto number = numbers.find(name); number != numbers.end()) {
      constraints.*(number->second) = integer(option, 0, std::numeric_limits<std::int64_t>::max());
    } else if (name == "auto_create_account_prefix") {
      constraints.auto_create_account_prefix = option.value;
    }
  }
  return constraints;
}

class PolicyReader {
 public:
  PolicyReader(const IniFile& file, const std::string& section)
      : section_(file.path() + ": [" + section + "]"),
        options_(file.options(section, IniInterpolation::basic)) {
    policy_.index = index_of(section);
  }

  // BaseStoragePolicy.from_config: options unknown to the policy's type are refused.
  StoragePolicy read() {
    if (const IniOption* type = take("policy_type")) policy_.type = type_named(*type);
    if (const IniOption* name = take("name")) policy_.name = name->value;
    if (const IniOption* aliases = take("aliases")) {
      const auto names = python::list_from_csv(aliases->value, python::strip);
      policy_.aliases.assign(names.begin(), names.end());
    }
    if (const IniOption* is_default = take("default")) {
      policy_.is_default = python::is_true(is_default->value);
    }
    const IniOption* deprecated = take("deprecated");
    policy_.is_deprecated = deprecated != nullptr && python::is_true(deprecated->value);
    if (const IniOption* module = take("diskfile_module")) check_diskfile_module(*module);
    if (policy_.type == PolicyType::erasure_coding) {
      read_erasure_coding();
      // Swift tests the text, not its boolean value: any 'deprecated = ...' allows such a policy.
      if (policy_.erasure_coding.ec_type == "isa_l_rs_vand" && policy_.erasure_coding.parity_fragments >= 5 &&
          (deprecated == nullptr || deprecated->value.empty())) {
        throw ConfigError(section_ +
                          ": isa_l_rs_vand with 5 or more parity fragments can lose data "
                          "(https://bugs.launchpad.net/swift/+bug/1639691); add 'deprecated = yes'");
      }
    }
    if (!options_.empty()) {
      throw bad_option(options_.begin()->second, "not an option of this type of storage policy; remove it");
    }
    return std::move(policy_);
  }

 private:
  [[nodiscard]] int index_of(const std::string& section) const {
    try {
      const std::int64_t index =
          python::parse_int(python::ascii_number(section.substr(kPolicyPrefix.size())), 10);
      if (index >= 0 && index <= std::numeric_limits<int>::max()) return static_cast<int>(index);
    } catch (const ValueError&) {
      // Reported below, as a number out of range is.
    }
    throw ConfigError(section_ + ": invalid policy index; use a number from 0, e.g. [storage-policy:1]");
  }

  const IniOption* take(const std::string& name) {
    const auto node = options_.extract(name);
    return node.empty() ? nullptr : &(taken_[name] = node.mapped());
  }

  void check_diskfile_module(const IniOption& module) const {
    if (is_swifts_diskfile_module(module.value, policy_.type)) return;
    throw bad_option(
        module, std::string("not Swift's own files for this type of policy (egg:swift#") +
                    (policy_.type == PolicyType::erasure_coding ? "erasure_coding" : "replication") +
                    ".fs): how its objects are stored is not known here; leave this node's replication to "
                    "Swift's object server");
  }

  static PolicyType type_named(const IniOption& option) {
    if (option.value == "replication") return PolicyType::replication;
    if (option.value == "erasure_coding") return PolicyType::erasure_coding;
    throw bad_option(option, "unknown policy type; use replication or erasure_coding");
  }

  std::int64_t required_number(const std::string& name) {
    const IniOption* option = take(name);
    if (option == nullptr) throw ConfigError(section_ + ": " + name + " is missing; add it");
    return integer(*option, 1, std::numeric_limits<int>::max());
  }

  void read_erasure_coding() {
    ErasureCoding& ec = policy_.erasure_coding;
    const IniOption* type = take("ec_type");
    if (type == nullptr || type->value.empty()) {
      throw ConfigError(section_ + ": ec_type is missing; add it, e.g. ec_type = liberasurecode_rs_vand");
    }
    ec.ec_type = type->value;
    ec.data_fragments = static_cast<int>(required_number("ec_num_data_fragments"));
    ec.parity_fragments = static_cast<int>(required_number("ec_num_parity_fragments"));
    if (const IniOption* size = take("ec_object_segment_size")) {
      ec.segment_size = integer(*size, 1, std::numeric_limits<std::int64_t>::max());
    }
    if (const IniOption* factor = take("ec_duplication_factor")) {
      ec.duplication_factor = static_cast<int>(integer(*factor, 1, std::numeric_limits<int>::max()));
    }
  }

  std::string section_;
  IniSection options_;
  IniSection taken_;
  StoragePolicy policy_;
};

StoragePolicies read_policies(const IniFile& file) {
  std::vector<StoragePolicy> policies;
  for (const std::string& section : file.sections()) {
    if (section.starts_with(kPolicyPrefix)) policies.push_back(PolicyReader(file, section).read());
  }
  try {
    return StoragePolicies(std::move(policies));
  } catch (const ConfigError& error) {
    throw ConfigError(file.path() + ": " + error.what());
  }
}

}  // namespace

SwiftConf load_swift_conf(const std::string& swift_dir) {
  // The secrets are bytes of no encoding.
  constexpr IniRules kRules{IniDuplicates::refuse, IniNames::lower_case, IniWhiteSpace::ascii};
  const IniFile file(swift_dir + "/swift.conf", kRules,
                     "copy the swift.conf of another node of the cluster there, or set swift_dir in "
                     "[worker] of worker.conf");
  SwiftConf conf{.hash_path_prefix = {},
                 .hash_path_suffix = {},
                 .constraints = read_constraints(file),
                 .policies = read_policies(file)};
  read_hash_secrets(file, conf);
  return conf;
}

}  // namespace ssync
