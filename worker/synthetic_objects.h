// Objects that exist on no disk: load for a receiver, at next to no cost for whoever measures it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/storage_policy.h"
#include "common/swift_conf.h"
#include "common/timestamp.h"
#include "worker/object_source.h"

namespace ssync {

struct SyntheticLoad {
  std::uint64_t count = 0;
  std::uint64_t first = 0;        // number of the first object
  std::uint64_t size = 0;         // bytes of an object; of an erasure-coded one before it is coded
  Timestamp timestamp;            // of object 0; each next one is 10 µs newer
  std::uint64_t newer_every = 0;  // objects whose number it divides are one second newer; 0: none
  std::optional<int> fragment_index = {};
};

// Object n is "/AUTH_ssync-send/synthetic/o<n>", with the same pseudo-random data as every other one: of an
// erasure-coding policy the archive of its fragments of that index, as a proxy would have coded it.
class SyntheticObjects final : public ObjectSource {
 public:
  // Throws ConfigError for times out of range, or a policy that this machine cannot code for.
  SyntheticObjects(const SwiftConf& conf, const StoragePolicy& policy, const SyntheticLoad& load);

  bool next(OfferedObject& object, UpdateCounts& counts) override;
  [[nodiscard]] double share_offered() const override {
    return static_cast<double>(offered_) / static_cast<double>(load_.count);
  }
  void send(std::size_t number, const ObjectHash& hash, WantedParts wanted, UpdateOutput& output) override;

 private:
  // The data: the unit this many times, then the tail.
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
  std::string hash_input_;  // prefix and path of an object, to which number and suffix are added
  std::size_t hash_input_fixed_;
  std::string hash_suffix_;
  std::uint64_t offered_ = 0;
  Body body_;
  std::string headers_;  // of every PUT, but for its time
  std::string head_;
};

}  // namespace ssync
