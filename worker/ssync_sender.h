// A session of ssync from the sender's side.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "worker/interruption.h"
#include "worker/object_source.h"
#include "worker/offered_objects.h"
#include "worker/receiver_address.h"
#include "worker/sending_connection.h"
#include "worker/update_output.h"

namespace ssync {

struct SenderJob {
  ReceiverAddress receiver;
  std::string partition;
  int policy_index = 0;
  std::optional<int> fragment_index = {};
  bool dry_run = false;  // no updates are sent, only counted
  ConnectionLimits limits;
};

// How far a session has come. All of it counts what was done until now, also when it ended in an error.
struct SenderProgress {
  enum class Phase { connecting, missing_check, answer, updates, done };
  Phase phase = Phase::connecting;
  std::uint64_t offered = 0;
  std::uint64_t wanted = 0;
  double share = 0;  // of the objects of this phase that are done, 0 to 1
  UpdateCounts updates;
  double missing_check_seconds = 0;  // from its first line sent to the last one of its answer
  double updates_seconds = 0;        // likewise
};

class SsyncSender {
 public:
  // Told of the progress now and then; called often, so it must be cheap.
  using Observer = std::function<void(const SenderProgress&)>;

  SsyncSender(SenderJob job, const Interruption& interruption, Observer observer);

  // The whole session (swift.obj.ssync_sender.Sender.__call__). open_source makes the source of objects once
  // the receiver has accepted the request; accepts_no_commit tells whether it can take fragments that are not
  // durable. Throws ReceiverRefused, ConnectionLost, SendingInterrupted, and what the source throws.
  using OpenSource = std::function<ObjectSource&(bool accepts_no_commit)>;
  void run(const OpenSource& open_source);

  [[nodiscard]] const SenderProgress& progress() const noexcept { return progress_; }

 private:
  [[nodiscard]] bool start(SendingConnection& connection) const;
  void missing_check(SendingConnection& connection, ObjectSource& source);
  void take_answer_line(std::string_view line);
  void updates(SendingConnection& connection, ObjectSource& source);
  void send_updates(SendingConnection* connection, ObjectSource& source);
  void enter(SenderProgress::Phase phase);

  SenderJob job_;
  const Interruption& interruption_;
  Observer observer_;
  SenderProgress progress_;
  OfferedObjects offered_;
  enum class Answer { not_begun, begun, ended };
  Answer answer_ = Answer::not_begun;
};

}  // namespace ssync
