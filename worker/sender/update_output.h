// Sends a sender's subrequests or, in a dry run, only counts them.
#pragma once

#include <cstdint>
#include <string_view>

#include "worker/sender/receiver_connection.h"

namespace ssync {

struct UpdateCounts {
  std::uint64_t put = 0;
  std::uint64_t post = 0;
  std::uint64_t deleted = 0;
  std::uint64_t bytes = 0;    // of bodies
  std::uint64_t skipped = 0;  // objects that vanished after they were offered
  std::uint64_t failed = 0;   // objects that are damaged or unreadable here
  std::uint64_t spoiled = 0;  // of those, PUTs with a damaged body, which the receiver refuses
};

class UpdateOutput {
 public:
  // Without a connection nothing is sent. Adds to counts, which must outlive this object.
  UpdateOutput(ReceiverConnection* connection, UpdateCounts& counts)
      : connection_(connection), counts_(counts) {}

  [[nodiscard]] bool is_dry_run() const noexcept { return connection_ == nullptr; }

  // Each head ends with the empty line. The head of a PUT is followed by its body of size bytes, in any
  // number of pieces; in a dry run the body may be omitted.
  void put(std::string_view head, std::uint64_t size) {
    write(head);
    ++counts_.put;
    counts_.bytes += size;
  }
  void body(std::string_view piece) { write(piece); }
  void post(std::string_view head) {
    write(head);
    ++counts_.post;
  }
  void delete_object(std::string_view head) {
    write(head);
    ++counts_.deleted;
  }

  void skip() noexcept { ++counts_.skipped; }
  void fail() noexcept { ++counts_.failed; }
  void fail_spoiled() noexcept {
    ++counts_.failed;
    ++counts_.spoiled;
  }

 private:
  void write(std::string_view data) {
    if (connection_ != nullptr) connection_->write(data);
  }

  ReceiverConnection* connection_;
  UpdateCounts& counts_;
};

}  // namespace ssync
