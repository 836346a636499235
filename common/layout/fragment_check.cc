#include "common/layout/fragment_check.h"

#include <liberasurecode/erasurecode.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>

#include "common/layout/erasure_code.h"
#include "common/os/log.h"

// From liberasurecode's erasurecode_helpers_ext.h, whose macros (`str`) conflict with C++.
// liberasurecode_get_fragment_metadata(), which pyeclib calls, starts with this check; but then it trusts the
// payload size in the header, and reads beyond the end of a damaged fragment.
extern "C" int is_invalid_fragment_header(fragment_header_t* header);

namespace ssync {
namespace {

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
  const ErasureCode code(policy);
  const int size = code.error() == 0 ? code.fragment_size(policy.segment_size) : -code.error();
  if (size > 0) {
    entry->second = static_cast<std::size_t>(size);
  } else {
    log::error(
        "liberasurecode does not support {} {}+{} on this machine (error {}): fragments are not checked",
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
