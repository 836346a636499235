// What a session sends: the objects that are offered, and what there is to send of them.
#pragma once

#include <cstddef>
#include <optional>

#include "common/object_hash.h"
#include "common/timestamp.h"
#include "worker/offered_objects.h"
#include "worker/update_output.h"

namespace ssync {

struct OfferedObject {
  ObjectHash hash{};
  Timestamp data;  // of the data, or the tombstone
  std::optional<Timestamp> meta = {};
  std::optional<Timestamp> content_type = {};
  bool durable = true;
};

class ObjectSource {
 public:
  virtual ~ObjectSource() = default;

  // The next object to offer; false at the end. What cannot be read is counted as failed, and passed over.
  virtual bool next(OfferedObject& object, UpdateCounts& counts) = 0;
  // About what share of the objects next() has given, 0 to 1.
  [[nodiscard]] virtual double share_offered() const = 0;
  // Sends what is wanted of the object that was offered as the number-th, counted from 0. What cannot be sent
  // is skipped or failed; only what ends the session is thrown.
  virtual void send(std::size_t number, const ObjectHash& hash, WantedParts wanted, UpdateOutput& output) = 0;
};

}  // namespace ssync
