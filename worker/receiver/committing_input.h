// A session's input, before each wait for which what waits to be committed is committed.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/store/commit_queue.h"
#include "worker/request/streams.h"

namespace ssync {

// A few small files wait in the queue for others that have arrived already; they must not wait for a sender
// that may take its time, or be gone.
class CommittingInput final : public RequestInput {
 public:
  CommittingInput(RequestInput& input, CommitQueue& commits) : input_(input), commits_(commits) {}

  std::string_view read_line(std::string_view context) override {
    commit_before_a_wait();
    return input_.read_line(context);
  }
  std::string_view read_some(std::size_t limit, std::string_view context) override {
    commit_before_a_wait();
    return input_.read_some(limit, context);
  }
  [[nodiscard]] bool is_waiting() override { return input_.is_waiting(); }

 private:
  void commit_before_a_wait() {
    if (commits_.has_few_waiting() && input_.is_waiting()) commits_.commit_few();
  }

  RequestInput& input_;
  CommitQueue& commits_;
};

}  // namespace ssync
