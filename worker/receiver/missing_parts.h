// Decides which parts of an offered object are wanted.
#pragma once

#include "worker/protocol/dialect.h"
#include "worker/protocol/offer.h"
#include "worker/protocol/wanted.h"
#include "worker/receiver/local_object.h"

namespace ssync {

// The parts of the offer that are missing or older here (Receiver._check_missing). In the dialect of 2013 the
// whole object, if its timestamp is newer than all local ones.
WantedParts missing_parts(const Offer& offer, const LocalObject& local, Dialect dialect = Dialect::ssync);

}  // namespace ssync
