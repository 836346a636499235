// The source of the objects that a session offers and sends.
#pragma once

#include <cstddef>

#include "common/layout/object_hash.h"
#include "worker/protocol/offer.h"
#include "worker/protocol/wanted.h"
#include "worker/sender/update_output.h"

namespace ssync {

class ObjectSource {
 public:
  virtual ~ObjectSource() = default;

  // The next object to offer; false at the end. Objects that cannot be read are counted as failed and
  // skipped.
  virtual bool next(Offer& offer, UpdateCounts& counts) = 0;
  // The approximate share of the objects that next() has returned, 0 to 1.
  [[nodiscard]] virtual double share_offered() const = 0;
  // Sends the wanted parts of the number-th offered object, counted from 0. If it cannot be sent, it counts
  // as skipped or failed; only exceptions that end the session are thrown.
  virtual void send(std::size_t number, const ObjectHash& hash, WantedParts wanted, UpdateOutput& output) = 0;
};

}  // namespace ssync
