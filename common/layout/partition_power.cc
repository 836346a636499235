#include "common/layout/partition_power.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "common/python/errors.h"
#include "common/python/number.h"

namespace ssync {
namespace {

constexpr std::int64_t kHashBits = 32;  // the first eight digits of the hash, which determine the partition
constexpr std::size_t kHashDigits = 8;

}  // namespace

std::int64_t parse_partition_power(std::string_view text) {
  return std::max<std::int64_t>(python::parse_int(text, 10), 0);
}

std::uint32_t partition_of_hash(std::string_view hash, std::int64_t power) {
  if (power > kHashBits) throw ValueError("negative shift count");
  std::uint32_t first_bits = 0;
  const std::string_view digits = hash.substr(0, kHashDigits);
  const auto [end, error] = std::from_chars(digits.begin(), digits.end(), first_bits, 16);
  if (error != std::errc() || end != digits.end() || digits.size() != kHashDigits) {
    throw ValueError("not an object hash: " + std::string(hash));
  }
  // In C++ a shift by 32 or more bits is undefined.
  return power <= 0 ? 0 : first_bits >> static_cast<unsigned>(kHashBits - power);
}

std::string hash_dir_at_power(const Partition& partition, std::string_view hash, std::int64_t power) {
  Partition other = partition;
  other.name = std::to_string(partition_of_hash(hash, power));
  return other.hash_dir(hash);
}

std::optional<PowerIncrease> PowerIncrease::from_header(const Partition& partition, const ObjectName& name,
                                                        std::string_view header) {
  if (header.empty()) return std::nullopt;
  const std::string hash = hash_path(partition.conf, name);
  try {
    const std::int64_t next_power = parse_partition_power(header);
    std::string next_dir = hash_dir_at_power(partition, hash, next_power);
    if (next_dir != partition.hash_dir(hash)) {
      return PowerIncrease{.other_hash_dir = std::move(next_dir), .needs_link = true};
    }
    // The power has been increased, but the relinker has not yet removed the old links.
    return PowerIncrease{.other_hash_dir = hash_dir_at_power(partition, hash, next_power - 1)};
  } catch (const ValueError& error) {
    return PowerIncrease{.refusal = error.what()};
  }
}

}  // namespace ssync
