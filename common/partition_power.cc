#include "common/partition_power.h"

#include <algorithm>
#include <charconv>

#include "common/errors.h"
#include "common/python_text.h"

namespace ssync {
namespace {

constexpr std::int64_t kHashBits = 32;  // of the hash's first eight digits, from which partitions are made
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
    throw ValueError("no object hash: " + std::string(hash));
  }
  // A shift by all the bits, or more, is not defined in C++.
  return power <= 0 ? 0 : first_bits >> static_cast<unsigned>(kHashBits - power);
}

std::string hash_dir_at_power(const Partition& partition, std::string_view hash, std::int64_t power) {
  Partition other = partition;
  other.name = std::to_string(partition_of_hash(hash, power));
  return other.hash_dir(hash);
}

}  // namespace ssync
