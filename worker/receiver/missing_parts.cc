#include "worker/receiver/missing_parts.h"

namespace ssync {

WantedParts missing_parts(const Offer& offer, const LocalObject& local, Dialect dialect) {
  if (!local.data) return {.data = true, .meta = dialect == Dialect::ssync};
  if (dialect == Dialect::replication_2013) return {.data = offer.data > local.meta.value_or(*local.data)};
  const bool newer_meta = local.meta && offer.meta > *local.meta;
  const bool newer_content_type = local.content_type && offer.content_type > *local.content_type;
  return {.data = offer.data > *local.data,
          .meta = newer_meta || (newer_content_type && offer.content_type > offer.data)};
}

}  // namespace ssync
