#include "common/layout/erasure_code.h"

#include <liberasurecode/erasurecode.h>

#include <algorithm>
#include <array>
#include <limits>
#include <stdexcept>

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

// Negative on failure, as liberasurecode returns it.
int create(const ErasureCoding& policy) {
  const auto* const backend = std::find_if(kBackends.begin(), kBackends.end(), [&](const Backend& candidate) {
    return candidate.ec_type == policy.ec_type;
  });
  if (backend == kBackends.end()) return -EBACKENDNOTSUPP;
  ec_args arguments{};
  arguments.k = policy.data_fragments;
  arguments.m = policy.parity_fragments;
  arguments.hd = backend->hamming_distance != 0 ? backend->hamming_distance : policy.parity_fragments;
  arguments.ct = CHKSUM_NONE;
  return liberasurecode_instance_create(backend->id, &arguments);
}

}  // namespace

ErasureCode::ErasureCode(const ErasureCoding& policy)
    : descriptor_(create(policy)),
      data_fragments_(static_cast<std::size_t>(policy.data_fragments)),
      parity_fragments_(static_cast<std::size_t>(policy.parity_fragments)) {
  // 0 is not a valid descriptor.
  if (descriptor_ == 0) descriptor_ = -EBACKENDINITERR;
}

ErasureCode::~ErasureCode() {
  if (descriptor_ > 0) liberasurecode_instance_destroy(descriptor_);
}

int ErasureCode::fragment_size(std::int64_t segment_size) const {
  if (segment_size > std::numeric_limits<int>::max()) return -EINVALIDPARAMS;
  const int payload = liberasurecode_get_fragment_size(descriptor_, static_cast<int>(segment_size));
  return payload > 0 ? payload + static_cast<int>(sizeof(fragment_header_t)) : payload;
}

std::vector<std::string> ErasureCode::encode(std::string_view segment) const {
  char** data = nullptr;
  char** parity = nullptr;
  std::uint64_t size = 0;
  const int result =
      liberasurecode_encode(descriptor_, segment.data(), segment.size(), &data, &parity, &size);
  if (result != 0) throw std::runtime_error("liberasurecode cannot encode: error " + std::to_string(-result));
  std::vector<std::string> fragments;
  for (std::size_t i = 0; i < data_fragments_; ++i) fragments.emplace_back(data[i], size);
  for (std::size_t i = 0; i < parity_fragments_; ++i) fragments.emplace_back(parity[i], size);
  liberasurecode_encode_cleanup(descriptor_, data, parity);
  return fragments;
}

}  // namespace ssync
