#include "common/fragment_check.h"

#include <liberasurecode/erasurecode.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <map>
#include <tuple>

// Of liberasurecode's erasurecode_helpers_ext.h, whose macros (`str`) C++ does not bear. It is the check that
// liberasurecode_get_fragment_metadata() begins with, which pyeclib calls; that one trusts the payload's size
// in the header, and reads beyond the end of a damaged fragment.
extern "C" int is_invalid_fragment_header(fragment_header_t* header);

namespace ssync {
namespace {

struct Backend {
  std::string_view ec_type;
  ec_backend_id_t id;
  int hamming_distance;  // 0: the number of parity fragments
};

// pyeclib's names.
constexpr std::array kBackends{
    Backend{"jerasure_rs_vand", EC_BACKEND_JERASURE_RS_VAND, 0},
    Backend{"jerasure_rs_cauchy", EC_BACKEND_JERASURE_RS_CAUCHY, 0},
    Backend{"flat_xor_hd", EC_BACKEND_FLAT_XOR_HD, 3},
    Backend{"flat_xor_hd_3", EC_BACKEND_FLAT_XOR_HD, 3},
    Backend{"flat_xor_hd_4", EC_BACKEND_FLAT_XOR_HD, 4},
    Backend{"isa_l_rs_vand", EC_BACKEND_ISA_L_RS_VAND, 0},
    Backend{"shss", EC_BACKEND_SHSS, 0},
    Backend{"liberasurecode_rs_vand", EC_BACKEND_LIBERASURECODE_RS_VAND, 0},
    Backend{"isa_l_rs_cauchy", EC_BACKEND_ISA_L_RS_CAUCHY, 0},
    Backend{"libphazr", EC_BACKEND_LIBPHAZR, 1},
};

// Negative on failure, as liberasurecode's functions return it.
int payload_size(const ErasureCoding& policy) {
  const auto* const backend = std::find_if(kBackends.begin(), kBackends.end(), [&](const Backend& candidate) {
    return candidate.ec_type == policy.ec_type;
  });
  if (backend == kBackends.end()) return -EBACKENDNOTSUPP;
  if (policy.segment_size > std::numeric_limits<int>::max()) return -EINVALIDPARAMS;
  ec_args arguments{};
  arguments.k = policy.data_fragments;
  arguments.m = policy.parity_fragments;
  arguments.hd = backend->hamming_distance != 0 ? backend->hamming_distance : policy.parity_fragments;
  arguments.ct = CHKSUM_NONE;
  const int instance = liberasurecode_instance_create(backend->id, &arguments);
  if (instance <= 0) return instance;
  const int size = liberasurecode_get_fragment_size(instance, static_cast<int>(policy.segment_size));
  liberasurecode_instance_destroy(instance);
  return size;
}

bool is_fragment_header(const std::string& bytes) {
  if (bytes.size() < sizeof(fragment_header_t)) return false;
  fragment_header_t header{};
  std::memcpy(&header, bytes.data(), sizeof(header));
  return is_invalid_fragment_header(&header) == 0;
}

}  // namespace

std::optional<std::size_t> fragment_size(const ErasureCoding& policy) {
  using Key = std::tuple<std::string, int, int, std::int64_t>;
  static std::map<Key, std::optional<std::size_t>> known;
  const Key key{policy.ec_type, policy.data_fragments, policy.parity_fragments, policy.segment_size};
  const auto [entry, is_new] = known.try_emplace(key);
  if (!is_new) return entry->second;
  const int size = payload_size(policy);
  if (size > 0) {
    entry->second = static_cast<std::size_t>(size) + sizeof(fragment_header_t);
  } else {
    spdlog::error("liberasurecode does not offer {} {}+{} here (error {}): fragments are read unchecked",
                  policy.ec_type, policy.data_fragments, policy.parity_fragments, -size);
  }
  return entry->second;
}

std::optional<std::int64_t> FragmentCheck::update(std::string_view data) {
  while (!data.empty()) {
    const std::size_t take = std::min(data.size(), fragment_size_ - received_);
    const std::size_t missing = sizeof(fragment_header_t) - header_.size();
    header_.append(data.substr(0, std::min(take, missing)));
    received_ += take;
    data.remove_prefix(take);
    if (received_ < fragment_size_) continue;
    if (!is_fragment_header(header_)) return offset_;
    offset_ += static_cast<std::int64_t>(fragment_size_);
    received_ = 0;
    header_.clear();
  }
  return std::nullopt;
}

std::optional<std::int64_t> FragmentCheck::finish() {
  if (received_ == 0 || is_fragment_header(header_)) return std::nullopt;
  return offset_;
}

}  // namespace ssync
