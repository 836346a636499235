#include "worker/object/subrequest_body.h"

#include <algorithm>
#include <limits>

namespace ssync {

std::string_view SubrequestBody::read(std::size_t limit) {
  if (left_ <= 0) return {};
  const std::size_t wanted = std::min(
      limit, static_cast<std::size_t>(std::min<std::int64_t>(left_, std::numeric_limits<int>::max())));
  const std::string_view piece = input_.read_some(wanted, "updates content");
  left_ -= static_cast<std::int64_t>(piece.size());
  return piece;
}

void SubrequestBody::drain() {
  while (left_ > 0) read(65536);
}

}  // namespace ssync
