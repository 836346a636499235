// A session's input, as fast as its device's limits allow.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include "worker/pool/throttles.h"
#include "worker/request/streams.h"

namespace ssync {

// Waits after reading, so that the sender is held back by what it may not send yet. Throws Interrupted as
// soon as interrupted() says so.
class PacedInput final : public RequestInput {
 public:
  PacedInput(RequestInput& input, Throttles& throttles, std::string device, std::function<bool()> interrupted)
      : input_(input),
        throttles_(throttles),
        device_(std::move(device)),
        interrupted_(std::move(interrupted)) {}

  std::string_view read_line(std::string_view context) override {
    const std::string_view line = input_.read_line(context);
    use(line.size(), 0);
    return line;
  }
  std::string_view read_some(std::size_t limit, std::string_view context) override {
    const std::string_view piece = input_.read_some(limit, context);
    use(piece.size(), 0);
    return piece;
  }
  [[nodiscard]] bool is_waiting() override { return input_.is_waiting(); }

  // One object more.
  void use_object() { use(0, 1); }

 private:
  void use(std::size_t bytes, std::int64_t objects);

  RequestInput& input_;
  Throttles& throttles_;
  std::string device_;
  std::function<bool()> interrupted_;
  std::int64_t bytes_ = 0;  // read, but not counted yet
};

}  // namespace ssync
