// The sender of an ssync session.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "worker/protocol/held.h"
#include "worker/sender/interruption.h"
#include "worker/sender/kept_connections.h"
#include "worker/sender/object_source.h"
#include "worker/sender/receiver_address.h"
#include "worker/sender/receiver_connection.h"
#include "worker/sender/sent_offers.h"
#include "worker/sender/update_output.h"

namespace ssync {

struct SenderJob {
  ReceiverAddress receiver;
  std::string partition;
  int policy_index = 0;
  std::optional<int> fragment_index = {};
  bool dry_run = false;   // no updates are sent, only counted
  bool ask_held = false;  // the receiver is asked what it has at the end
  ConnectionLimits limits;
  ConnectionTls tls = {};
  KeptConnections* kept_connections = nullptr;  // where the connection is taken from and goes back to, if any
};

// The progress of a session, also if it ended with an error.
struct SenderProgress {
  enum class Phase { connecting, missing_check, answer, updates, done };
  Phase phase = Phase::connecting;
  std::uint64_t offered = 0;
  std::uint64_t wanted = 0;
  double share = 0;  // share of this phase's objects that are done, 0 to 1
  UpdateCounts updates;
  double missing_check_seconds = 0;  // from its first line to the last line of the response
  double updates_seconds = 0;        // likewise
};

class SenderSession {
 public:
  // Receives the progress; called often, so it must be cheap.
  using Observer = std::function<void(const SenderProgress&)>;

  SenderSession(SenderJob job, const Interruption& interruption, Observer observer);

  // Runs the session (swift.obj.ssync_sender.Sender.__call__). open_source creates the source of objects
  // after the receiver has accepted the request, or, over a kept connection, before it is asked;
  // accepts_no_commit: the receiver accepts fragments that are not durable. Throws ReceiverRefused,
  // ConnectionLost, Interrupted, and the exceptions of the source.
  using OpenSource = std::function<ObjectSource&(bool accepts_no_commit)>;
  void run(const OpenSource& open_source);

  [[nodiscard]] const SenderProgress& progress() const noexcept { return progress_; }
  // What was offered, in the order of the source, and what is wanted of it as far as was heard.
  [[nodiscard]] const SentOffers& offers() const noexcept { return offered_; }
  // What the receiver says that it has of it at the end, if it was asked; only receivers of ours answer.
  [[nodiscard]] const std::vector<HeldObject>& held() const noexcept { return held_; }
  // Whether it was asked, and is one that answers.
  [[nodiscard]] bool tells_held() const noexcept { return tells_held_; }

 private:
  [[nodiscard]] bool start(ReceiverConnection& connection);
  void begin_list(ReceiverConnection& connection, ObjectSource& source);
  [[nodiscard]] bool offer_next(ReceiverConnection& connection, ObjectSource& source);
  void missing_check(ReceiverConnection& connection, ObjectSource& source);
  void take_answer_line(std::string_view line);
  void updates(ReceiverConnection& connection, ObjectSource& source);
  void send_updates(ReceiverConnection* connection, ObjectSource& source);
  void read_held(ReceiverConnection& connection);
  void enter(SenderProgress::Phase phase);

  SenderJob job_;
  const Interruption& interruption_;
  Observer observer_;
  SenderProgress progress_;
  SentOffers offered_;
  bool has_begun_list_ = false;
  bool has_ended_list_ = false;
  bool tells_held_ = false;
  std::vector<HeldObject> held_;
  enum class Answer { not_begun, begun, ended };
  Answer answer_ = Answer::not_begun;
};

}  // namespace ssync
