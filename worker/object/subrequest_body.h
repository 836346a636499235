// The body of a subrequest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "worker/request/streams.h"

namespace ssync {

// The part of a session's input that is a subrequest's body. drain() discards what a handler left unread, up
// to the next subrequest.
class SubrequestBody {
 public:
  SubrequestBody(RequestInput& input, std::int64_t length) : input_(input), left_(length) {}

  [[nodiscard]] std::int64_t left() const noexcept { return left_; }
  // Up to limit bytes, empty at the body's end. Throws SessionEnding.
  std::string_view read(std::size_t limit);
  void drain();

 private:
  RequestInput& input_;
  std::int64_t left_;
};

}  // namespace ssync
