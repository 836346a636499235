// What a replicator does at this moment, for whoever asks: its pass, jobs under way, devices and peers.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "common/config/replicator_settings.h"
#include "worker/replicator/replication_job.h"
#include "worker/replicator/waiting_partition.h"
#include "worker/replicator_report/replicator_report.h"

namespace ssync {

enum class JobState : std::uint8_t {
  hashing,           // its own suffixes
  comparing,         // waits for the hashes of the peer
  waiting_for_turn,  // until there is a place for one more session, or the peer has no other of ours
  locking,
  listing,     // what a handoff holds
  connecting,  // and until the peer has accepted the session
  offering,    // objects
  answer,      // waits for what the peer wants
  sending,
  confirming,  // asks what the peer has
  removing,
};

class BoardLine;

// Thread-safe. Jobs note what they do in lines of their own without any lock; the mutex is held at the
// beginning and the end of a job or session for well below a microsecond, and for as long as it takes to copy
// a report's parts.
class PassBoard {
 public:
  enum class Mode { once, forever };

  // process: the number of this one among `processes` that share the node's devices, from 0.
  PassBoard(const ReplicatorSettings& settings, std::size_t process, std::size_t processes);
  PassBoard(const PassBoard&) = delete;
  PassBoard& operator=(const PassBoard&) = delete;

  void begin_pass(Mode mode);
  // Of the pass that has begun.
  void expect(const LocalPartitions& partitions);
  // Why the pass ends before all had their turn.
  void end_early(std::string_view why);
  void end_pass();
  // From now on nothing is done for so many seconds.
  void rest(double seconds);
  void note_ring_change();
  // Of a device of this node.
  void note_error(const std::string& device, std::string_view reason);
  // Of a device elsewhere, and of the device of this node that had to do with it.
  void note_failure(const std::string& device, const RingDevice& peer, std::string_view reason);

  // While it exists, requests to this peer wait until it has room.
  class PeerIsBusy {
   public:
    PeerIsBusy(PassBoard& board, const std::string& peer);
    ~PeerIsBusy();
    PeerIsBusy(const PeerIsBusy&) = delete;
    PeerIsBusy& operator=(const PeerIsBusy&) = delete;

   private:
    PassBoard& board_;
    std::string peer_;
  };

  [[nodiscard]] ReplicatorReport report() const;

 private:
  friend class BoardLine;
  friend class BoardJob;
  friend class BoardSession;
  using Clock = std::chrono::steady_clock;

  using Peers = std::list<ReportedPeer>;

  // The partitions that were done lately, in steps of time.
  class Recent {
   public:
    void add(Clock::time_point now);
    // Per second, over the last minute or since the beginning, if that is later.
    [[nodiscard]] double rate(Clock::time_point now, Clock::time_point since) const;

   private:
    static constexpr std::chrono::seconds kStep{5};
    static constexpr std::size_t kSteps = 12;
    struct Step {
      std::int64_t number = -1;
      std::int64_t count = 0;
    };
    static std::int64_t number_of(Clock::time_point time) { return time.time_since_epoch() / kStep; }
    std::array<Step, kSteps> steps_{};
  };

  // Under the mutex.
  void add_line(BoardLine& line);
  void remove_line(BoardLine& line);
  [[nodiscard]] ReportedDevice* device_of(const std::string& name);
  ReportedPeer& peer_of(const std::string& name);
  void append_lines(ReplicatorReport& report) const;
  [[nodiscard]] ReportedPass reported_pass() const;

  const ReplicatorSettings& settings_;
  const double started_;
  const std::size_t process_;
  const std::size_t processes_;

  mutable std::mutex mutex_;  // guards all below
  Mode mode_ = Mode::forever;
  ReportedPass pass_;  // without what is worked out when somebody asks
  Clock::time_point pass_begun_;
  Clock::time_point pass_ended_;
  bool is_pass_over_ = true;
  std::string ended_early_;
  std::optional<ReportedLastPass> last_pass_;
  ReportedRingChanges ring_changes_;
  Recent recent_;
  std::map<std::string, ReportedDevice> devices_;
  std::int64_t devices_left_out_ = 0;
  Peers peers_;  // the one used last is first
  std::unordered_map<std::string, Peers::iterator> peer_places_;
  std::int64_t peers_left_out_ = 0;
  std::map<std::string, std::int64_t> busy_peers_;
  std::vector<BoardLine*> lines_;
  std::int64_t running_ = 0;  // jobs
};

// What a job or a session does, on the board as long as it exists. The job has to outlive it.
class BoardLine {
 public:
  BoardLine(const BoardLine&) = delete;
  BoardLine& operator=(const BoardLine&) = delete;

  // What is done from now on, and with whom.
  void enter(JobState state, const RingDevice* peer) noexcept {
    peer_.store(peer, std::memory_order_relaxed);
    enter(state);
  }
  void enter(JobState state) noexcept {
    since_.store(now(), std::memory_order_relaxed);
    state_.store(state, std::memory_order_relaxed);
  }

 protected:
  BoardLine(PassBoard& board, const ReplicationJob& job, JobState state, const RingDevice* peer);
  ~BoardLine() = default;

  [[nodiscard]] static std::int64_t now() noexcept {
    return std::chrono::steady_clock::now().time_since_epoch().count();
  }

  friend class PassBoard;
  friend class BoardSession;
  PassBoard& board_;
  const ReplicationJob& job_;
  const std::int64_t begun_ = now();
  std::size_t place_ = 0;  // among the board's lines
  std::atomic<JobState> state_;
  std::atomic<std::int64_t> since_{begun_};
  std::atomic<const RingDevice*> peer_;
  std::atomic<int> sessions_ = 0;  // that have lines of their own
  // Of a session.
  bool is_session_ = false;
  std::atomic<bool> is_held_back_ = false;
  std::atomic<std::uint64_t> offered_ = 0;
  std::atomic<std::uint64_t> wanted_ = 0;
  std::atomic<std::uint64_t> sent_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;
};

class BoardJob : public BoardLine {
 public:
  BoardJob(PassBoard& board, const ReplicationJob& job);
  ~BoardJob();

  struct Outcome {
    bool is_done = true;  // false: it is put off to the next pass
    bool has_handoff_left = false;
    std::size_t failures = 0;
  };
  // What its end will count; without it, it was not done.
  void set_outcome(const Outcome& outcome) { outcome_ = outcome; }

 private:
  Outcome outcome_{.is_done = false};
};

// A session of a job with a peer, from when it waits for its turn. What it has sent is counted at its end;
// until then it is added to what is reported.
class BoardSession : public BoardLine {
 public:
  BoardSession(BoardLine& job, const RingDevice& peer);
  ~BoardSession();

  struct Progress {
    std::uint64_t offered = 0;
    std::uint64_t wanted = 0;
    std::uint64_t sent = 0;   // objects
    std::uint64_t bytes = 0;  // of their bodies
  };
  void note(const Progress& progress) noexcept {
    offered_.store(progress.offered, std::memory_order_relaxed);
    wanted_.store(progress.wanted, std::memory_order_relaxed);
    sent_.store(progress.sent, std::memory_order_relaxed);
    bytes_.store(progress.bytes, std::memory_order_relaxed);
  }
  // For ConnectionLimits.
  [[nodiscard]] std::atomic<bool>* held_back() noexcept { return &is_held_back_; }
  // Its end was an error.
  void note_failure(std::string_view reason);

 private:
  BoardLine& of_job_;
  std::string peer_name_;
};

}  // namespace ssync
