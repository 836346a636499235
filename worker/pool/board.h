// The board: what each worker of the pool does, in memory that the master makes and all workers share. On it
// stand the semaphore of replication sessions, and who may hold a worker, a partition and a device.
#pragma once

#include <semaphore.h>
#include <sys/types.h>

#include <array>
#include <climits>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/os/log_context.h"
#include "worker/pool/backend_ratelimit.h"
#include "worker/pool/ledger.h"
#include "worker/pool/progress.h"
#include "worker/pool/robust_mutex.h"
#include "worker/pool/room.h"
#include "worker/pool/shared_changes.h"
#include "worker/pool/throttles.h"

namespace ssync {

// What tells requests apart on the board. Longer names are cut: then requests wait for each other that need
// not.
struct BoardRequest {
  std::string method = {};
  std::string device = {};
  std::string partition = {};  // empty unless a session
  std::int64_t policy = 0;
  std::string remote_addr = {};
};

// Whether a session may run now, and what it has to wait for.
enum class Turn { taken, partition_busy, device_busy, no_slot };

// One worker, as anyone sees it.
struct BoardView {
  pid_t pid = 0;
  BoardRequest request;  // an empty method: none, or not yet admitted
  bool is_used = false;  // false: the rest means nothing
  bool is_leaving = false;
  bool is_waiting = false;
  bool holds_slot = false;
  Phase phase = Phase::starting;
  double seconds = 0;  // since the request began
  std::int64_t lines = 0;
  std::int64_t bytes_in = 0;
  std::int64_t update_bytes = 0;  // of these, what came with the updates
  std::int64_t bytes_out = 0;
  // Of a session; see Progress.
  std::int64_t offered = 0;
  std::int64_t wanted = 0;
  std::int64_t stored = 0;
  std::int64_t failed = 0;
  std::array<double, kPhases> spent{};  // seconds in each phase, the present one too

  [[nodiscard]] double seconds_in(Phase which) const { return spent[static_cast<std::size_t>(which)]; }
  // Of a session, for its turn and for locks.
  [[nodiscard]] double seconds_waited() const {
    return seconds_in(Phase::waiting) + seconds_in(Phase::locking);
  }
};

// "SSYNC /sda1/23 of 10.0.0.7 (updates, for 12.3 s, 17 lines and 4096 bytes read, 0 bytes written)"; "no
// request".
std::string board_text(const BoardView& view);

// What a line of the log about its request has beside the text: method, remote_addr, device, and of a session
// partition and policy.
std::vector<log::Field> log_fields(const BoardView& view);

// All functions that change something do so under one mutex, which a process that dies within gives to the
// next, and after which the semaphore is made to fit what the places say: at whatever instruction a worker
// dies, the master's free() makes its slot, its partition, its device and its room free again, and nothing
// else. No function touches a disk or waits for anything but the mutex. All throw OsError only if the mutex
// fails.
class Board {
 public:
  // capacity: the most places. Throws OsError.
  Board(int capacity, Room room);
  ~Board();
  Board(const Board&) = delete;
  Board& operator=(const Board&) = delete;

  // The master's side. use() returns the index of a place for a worker to be forked, -1 if all are used;
  // free() returns what the worker that died was doing. A worker that is leaving no longer counts as one of
  // room.workers.
  [[nodiscard]] int use();
  void set_pid(int place, pid_t pid);
  void set_leaving(int place);
  BoardView free(int place);
  // For a reload. Sessions that run go on; new ones wait until there are fewer than the new number.
  void set_room(Room room);
  [[nodiscard]] BoardView view(int place) const;

  // The worker's side; see BoardPlace.
  [[nodiscard]] bool admit(int place, const BoardRequest& request);
  [[nodiscard]] bool admit_session(int place, const BoardRequest& request, int per_device);
  [[nodiscard]] Turn take_turn(int place, int per_device);
  void leave(int place);
  // Announced whenever a session leaves, and so another one may have its turn.
  [[nodiscard]] SharedChanges& departures() const;
  [[nodiscard]] Progress& progress(int place) const;

  // What was done so far.
  [[nodiscard]] Ledger& ledger() const { return ledger_; }

  // How fast sessions may go on.
  [[nodiscard]] Throttles& throttles() const { return throttles_; }

  // How many requests a second devices answer.
  [[nodiscard]] BackendRatelimit& backend_ratelimit() const { return backend_ratelimit_; }

  // How many places were ever used; view() takes those below.
  [[nodiscard]] int places() const;
  [[nodiscard]] Room room() const;
  // The semaphore's value: slots that are free.
  [[nodiscard]] int free_slots() const;

 private:
  struct Place;
  struct Shared;
  class Locked;

  [[nodiscard]] Place& place(int index) const;
  template <typename Predicate>
  [[nodiscard]] int count(const Predicate& predicate) const;
  [[nodiscard]] bool has_room_for(const Place& mine) const;
  [[nodiscard]] bool has_free_slot() const;
  [[nodiscard]] bool take_slot(Place& mine);
  [[nodiscard]] Turn turn_of(Place& mine, int per_device);
  void settle();

  mutable Ledger ledger_;
  mutable Throttles throttles_;
  mutable BackendRatelimit backend_ratelimit_;
  Shared* shared_;
  std::size_t size_;
};

// A worker's place on the board.
class BoardPlace {
 public:
  BoardPlace(Board& board, int index) : board_(board), index_(index) {}

  [[nodiscard]] Progress& progress() const { return board_.progress(index_); }
  // A request begins: its counts are zero.
  void begin(Phase phase);
  void set_phase(Phase phase);
  [[nodiscard]] BoardView view() const { return board_.view(index_); }
  [[nodiscard]] Ledger& ledger() const { return board_.ledger(); }
  [[nodiscard]] Throttles& throttles() const { return board_.throttles(); }
  [[nodiscard]] BackendRatelimit& backend_ratelimit() const { return board_.backend_ratelimit(); }
  [[nodiscard]] const Board& board() const { return board_; }

  // For a GET, HEAD or REPLICATE. False if there is no room for one more, or not for this device.
  [[nodiscard]] bool admit(const BoardRequest& request) { return board_.admit(index_, request); }
  // For a session; per_device is replication_concurrency_per_device, 0 for no limit. False if all slots are
  // taken, or if it would have to wait and there is no room for that. Otherwise take_turn() says whether it
  // may run or what it has to wait for; a session that waits holds no slot, but the partition once that was
  // free.
  [[nodiscard]] bool admit_session(const BoardRequest& request, int per_device) {
    return board_.admit_session(index_, request, per_device);
  }
  [[nodiscard]] Turn take_turn(int per_device) { return board_.take_turn(index_, per_device); }
  [[nodiscard]] const SharedChanges& departures() const { return board_.departures(); }
  // The request has ended: gives back whatever it holds.
  void leave() { board_.leave(index_); }

 private:
  Board& board_;
  int index_;
};

}  // namespace ssync
