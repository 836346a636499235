// Generated objects that exist on no disk: load for measuring a receiver, at little cost for the sender.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/config/storage_policy.h"
#include "common/config/swift_conf.h"
#include "common/layout/timestamp.h"
#include "worker/sender/object_source.h"

namespace ssync {

struct SyntheticLoad {
  std::uint64_t count = 0;
  std::uint64_t first = 0;        // number of the first object
  std::uint64_t size = 0;         // bytes per object, before erasure coding
  Timestamp timestamp;            // of object 0; each following one is 10 µs newer
  std::uint64_t newer_every = 0;  // every newer_every-th object is one second newer; 0: none
  std::optional<int> fragment_index = {};
};

// Object n is "/AUTH_ssync-send/synthetic/o<n>", all with the same pseudo-random data. For an erasure-coding
// policy it is the fragment archive with that index, as encoded by a proxy.
class SyntheticObjects final : public ObjectSource {
 public:
  // Throws ConfigError for timestamps out of range, or a policy that liberasurecode does not support on this
  // machine.
  SyntheticObjects(const SwiftConf& conf, const StoragePolicy& policy, const SyntheticLoad& load);

  bool next(Offer& offer, UpdateCounts& counts) override;
  [[nodiscard]] double share_offered() const override {
    return static_cast<double>(offered_) / static_cast<double>(load_.count);
  }
  void send(std::size_t number, const ObjectHash& hash, WantedParts wanted, UpdateOutput& output) override;

 private:
  // The data: repetitions of unit, then tail.
  struct Body {
    std::string unit;
    std::uint64_t repetitions = 0;
    std::string tail;
    [[nodiscard]] std::uint64_t size() const { return unit.size() * repetitions + tail.size(); }
  };

  static Body make_body(std::uint64_t size, std::size_t unit_size);
  static std::string md5_of(const Body& body);
  static Body fragments_of(const Body& object, const ErasureCoding& policy, std::size_t fragment_index);
  [[nodiscard]] Timestamp time_of(std::uint64_t number) const;

  SyntheticLoad load_;
  std::string hash_input_;  // prefix and path; number and suffix are appended
  std::size_t hash_input_fixed_;
  std::string hash_suffix_;
  std::uint64_t offered_ = 0;
  Body body_;
  std::string headers_;  // of every PUT, without its timestamp
  std::string head_;
};

}  // namespace ssync
