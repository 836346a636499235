#include "worker/sender/synthetic_objects.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <random>

#include "common/config/errors.h"
#include "common/layout/erasure_code.h"
#include "common/os/md5.h"
#include "common/python/errors.h"

namespace ssync {
namespace {

constexpr std::string_view kContainerPath = "/AUTH_ssync-send/synthetic/o";
constexpr std::size_t kUnitSize = 1024UL * 1024;
constexpr std::int64_t kOneSecond = 100'000;  // in units of 10 µs

void append_number(std::uint64_t number, std::string& text) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number);
  text.append(digits.data(), end.ptr);
}

std::string pseudo_random(std::size_t size) {
  // A fixed seed: the same data, and so the same ETag, in each run. NOLINTNEXTLINE(cert-msc51-cpp)
  std::mt19937_64 random(20130906);
  std::string data(size, '\0');
  for (char& byte : data) byte = static_cast<char>(random());
  return data;
}

}  // namespace

SyntheticObjects::SyntheticObjects(const SwiftConf& conf, const StoragePolicy& policy,
                                   const SyntheticLoad& load)
    : load_(load),
      hash_input_(conf.hash_path_prefix + std::string(kContainerPath)),
      hash_input_fixed_(hash_input_.size()),
      hash_suffix_(conf.hash_path_suffix) {
  try {
    static_cast<void>(Timestamp::from_raw(time_of(load.first + load.count).raw() + kOneSecond));
  } catch (const ValueError& error) {
    throw ConfigError("--timestamp " + load.timestamp.normal() + " with " + std::to_string(load.count) +
                      " objects: " + error.what() + "; choose an earlier time");
  }
  std::string sysmeta;
  if (policy.type == PolicyType::erasure_coding) {
    const ErasureCoding& code = policy.erasure_coding;
    const int index = load.fragment_index.value_or(0);
    const Body object = make_body(load.size, static_cast<std::size_t>(code.segment_size));
    body_ = fragments_of(object, code, static_cast<std::size_t>(index));
    sysmeta = fmt::format(
        "\r\nX-Object-Sysmeta-Ec-Content-Length: {}\r\nX-Object-Sysmeta-Ec-Etag: {}"
        "\r\nX-Object-Sysmeta-Ec-Frag-Index: {}\r\nX-Object-Sysmeta-Ec-Scheme: {} {}+{}"
        "\r\nX-Object-Sysmeta-Ec-Segment-Size: {}",
        object.size(), md5_of(object), index, code.ec_type, code.data_fragments, code.parity_fragments,
        code.segment_size);
  } else {
    body_ = make_body(load.size, kUnitSize);
  }
  headers_ = fmt::format(
      "\r\nContent-Length: {}\r\nContent-Type: application/octet-stream\r\nETag: {}{}\r\nX-Timestamp: ",
      body_.size(), md5_of(body_), sysmeta);
}

// The object is encoded by segments, and all full segments are equal.
SyntheticObjects::Body SyntheticObjects::fragments_of(const Body& object, const ErasureCoding& policy,
                                                      std::size_t fragment_index) {
  const ErasureCode code(policy);
  if (code.error() != 0) {
    throw ConfigError(fmt::format(
        "liberasurecode does not support {} {}+{} on this machine (error {}): install its backend",
        policy.ec_type, policy.data_fragments, policy.parity_fragments, code.error()));
  }
  Body archive;
  archive.repetitions = object.repetitions;
  if (object.repetitions != 0) archive.unit = code.encode(object.unit)[fragment_index];
  if (!object.tail.empty()) archive.tail = code.encode(object.tail)[fragment_index];
  return archive;
}

std::string SyntheticObjects::md5_of(const Body& body) {
  Md5 md5;
  for (std::uint64_t i = 0; i < body.repetitions; ++i) md5.update(body.unit);
  md5.update(body.tail);
  return md5.hex();
}

SyntheticObjects::Body SyntheticObjects::make_body(std::uint64_t size, std::size_t unit_size) {
  Body body;
  body.unit = pseudo_random(unit_size);
  body.repetitions = size / unit_size;
  body.tail = body.unit.substr(0, size % unit_size);
  return body;
}

Timestamp SyntheticObjects::time_of(std::uint64_t number) const {
  std::int64_t raw = load_.timestamp.raw() + static_cast<std::int64_t>(number);
  if (load_.newer_every != 0 && number % load_.newer_every == 0) raw += kOneSecond;
  return Timestamp::from_raw(raw);
}

bool SyntheticObjects::next(Offer& offer, UpdateCounts& /*counts*/) {
  if (offered_ == load_.count) return false;
  const std::uint64_t number = load_.first + offered_++;
  hash_input_.resize(hash_input_fixed_);
  append_number(number, hash_input_);
  hash_input_.append(hash_suffix_);
  offer = Offer::of(md5_digest(hash_input_), time_of(number));
  return true;
}

void SyntheticObjects::send(std::size_t number, const ObjectHash& /*hash*/, WantedParts wanted,
                            UpdateOutput& output) {
  // These objects have no POSTed metadata.
  if (!wanted.data) return;
  const std::uint64_t object_number = load_.first + number;
  head_.assign("PUT ").append(kContainerPath);
  append_number(object_number, head_);
  head_.append(headers_).append(time_of(object_number).internal()).append("\r\n\r\n");
  output.put(head_, body_.size());
  if (output.is_dry_run()) return;
  for (std::uint64_t i = 0; i < body_.repetitions; ++i) output.body(body_.unit);
  output.body(body_.tail);
}

}  // namespace ssync
