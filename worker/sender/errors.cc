#include "worker/sender/errors.h"

#include <string>

#include "worker/protocol/markers.h"

namespace ssync {

void throw_refusal(std::string_view error_line) {
  const std::string text(quotable(error_line));
  if (error_line.starts_with(":ERROR: 503 ")) throw ReceiverBusy(text);
  throw ReceiverRefused(text);
}

}  // namespace ssync
