#include "worker/pool/board.h"

#include <fmt/core.h>
#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <new>
#include <utility>

#include "common/os/errors.h"
#include "common/python/url.h"
#include "worker/pool/shared_text.h"

namespace ssync {
namespace {

enum class Work : std::uint8_t { none, request, waiting_session, session };

std::int64_t monotonic_nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

double seconds_of(std::int64_t nanoseconds) { return static_cast<double>(nanoseconds) / 1e9; }

}  // namespace

struct Board::Place {
  bool used = false;
  bool leaving = false;
  bool holds_slot = false;
  bool holds_partition = false;
  Work work = Work::none;
  pid_t pid = 0;
  std::int64_t policy = 0;
  std::array<char, 16> method{};
  std::array<char, 64> partition{};
  std::array<char, 64> remote_addr{};
  std::array<char, NAME_MAX + 1> device{};
  Progress progress;

  [[nodiscard]] bool is_session() const { return work == Work::session || work == Work::waiting_session; }
  [[nodiscard]] bool is_beside_sessions() const {
    return work == Work::request || work == Work::waiting_session;
  }
  [[nodiscard]] bool has_device_of(const Place& other) const { return device == other.device; }
  [[nodiscard]] bool has_partition_of(const Place& other) const {
    return has_device_of(other) && policy == other.policy && partition == other.partition;
  }

  void note(const BoardRequest& request, Work what) {
    store_text(method, request.method);
    // All of the array is compared.
    device.fill('\0');
    partition.fill('\0');
    store_text(device, request.device);
    store_text(partition, request.partition);
    store_text(remote_addr, request.remote_addr);
    policy = request.policy;
    work = what;
  }
  void forget() {
    work = Work::none;
    holds_partition = false;
    method.front() = '\0';
  }
};

struct Board::Shared {
  RobustMutex mutex;
  sem_t slots{};
  Room room;
  int capacity = 0;
  int used = 0;  // places beyond were never used
  SharedChanges departures;
  // The places follow.

  [[nodiscard]] Place* places() { return reinterpret_cast<Place*>(this + 1); }
};

class Board::Locked {
 public:
  explicit Locked(Board& board) : board_(board) {
    if (board_.shared_->mutex.lock()) board_.settle();
  }
  ~Locked() { board_.shared_->mutex.unlock(); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  Board& board_;
};

std::string_view phase_text(Phase phase) {
  switch (phase) {
    case Phase::starting:
      return "starting";
    case Phase::idle:
      return "idle";
    case Phase::reading_head:
      return "reading the request's head";
    case Phase::checking:
      return "checking the request";
    case Phase::reading_object:
      return "reading the object";
    case Phase::hashing:
      return "hashing suffixes";
    case Phase::waiting:
      return "waiting";
    case Phase::locking:
      return "locking";
    case Phase::missing_check:
      return "missing check";
    case Phase::updates:
      return "updates";
    case Phase::ending:
      return "ending";
  }
  return "unknown";
}

std::string board_text(const BoardView& view) {
  std::string text = "no request";
  if (!view.request.method.empty()) {
    text = fmt::format("{} /{}", python::quote(view.request.method), python::quote(view.request.device));
    if (!view.request.partition.empty()) text += "/" + python::quote(view.request.partition);
    text += " of " + python::quote(view.request.remote_addr);
  } else if (view.phase == Phase::idle || view.phase == Phase::starting) {
    return text;
  }
  return text + fmt::format(" ({}, for {:.1f} s, {} lines and {} bytes read, {} bytes written)",
                            phase_text(view.phase), view.seconds, view.lines, view.bytes_in, view.bytes_out);
}

std::vector<log::Field> log_fields(const BoardView& view) {
  const BoardRequest& request = view.request;
  if (request.method.empty()) return {};
  std::vector<log::Field> fields{
      {"method", request.method}, {"remote_addr", request.remote_addr}, {"device", request.device}};
  if (!request.partition.empty()) {
    fields.push_back({"partition", request.partition});
    fields.push_back({"policy", request.policy});
  }
  return fields;
}

Board::Board(int capacity, Room room)
    : size_(sizeof(Shared) + static_cast<std::size_t>(capacity) * sizeof(Place)) {
  void* memory = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw_os_error("board of the pool");
  shared_ = new (memory) Shared;
  shared_->capacity = capacity;
  shared_->room = room;
  // Pages of places that are never used are never touched.
  if (::sem_init(&shared_->slots, 1, 0) != 0) throw_os_error("replication slots");
  settle();
}

Board::~Board() {
  ::sem_destroy(&shared_->slots);
  shared_->~Shared();
  ::munmap(shared_, size_);
}

Board::Place& Board::place(int index) const { return shared_->places()[index]; }

template <typename Predicate>
int Board::count(const Predicate& predicate) const {
  const Place* places = shared_->places();
  return static_cast<int>(std::count_if(places, places + shared_->used,
                                        [&](const Place& one) { return one.used && predicate(one); }));
}

// Makes the semaphore's value what the places say: after a change of the number of slots, or a death in the
// middle.
void Board::settle() {
  const int holders = count([](const Place& one) { return one.holds_slot; });
  const int wanted = std::max(0, shared_->room.slots - holders);
  for (int value = free_slots(); value < wanted; ++value) ::sem_post(&shared_->slots);
  for (int value = free_slots(); value > wanted; --value) ::sem_trywait(&shared_->slots);
}

int Board::places() const { return shared_->used; }

Room Board::room() const { return shared_->room; }

int Board::free_slots() const {
  int value = 0;
  ::sem_getvalue(&shared_->slots, &value);
  return value;
}

int Board::use() {
  const Locked locked(*this);
  for (int index = 0; index < shared_->capacity; ++index) {
    if (index < shared_->used && place(index).used) continue;
    new (&place(index)) Place;
    place(index).used = true;
    shared_->used = std::max(shared_->used, index + 1);
    return index;
  }
  return -1;
}

void Board::set_pid(int place_index, pid_t pid) {
  const Locked locked(*this);
  place(place_index).pid = pid;
}

void Board::set_leaving(int place_index) {
  const Locked locked(*this);
  place(place_index).leaving = true;
}

BoardView Board::free(int place_index) {
  const Locked locked(*this);
  BoardView last = view(place_index);
  Place& freed = place(place_index);
  freed.forget();
  freed.holds_slot = false;
  freed.used = false;
  settle();
  shared_->departures.announce();
  return last;
}

void Board::set_room(Room room) {
  const Locked locked(*this);
  shared_->room = room;
  settle();
  shared_->departures.announce();
}

BoardView Board::view(int place_index) const {
  const Place& one = place(place_index);
  BoardView view;
  view.pid = one.pid;
  view.request = {.method = load_text(one.method),
                  .device = load_text(one.device),
                  .partition = load_text(one.partition),
                  .policy = one.policy,
                  .remote_addr = load_text(one.remote_addr)};
  view.is_used = one.used;
  view.is_leaving = one.leaving;
  view.is_waiting = one.work == Work::waiting_session;
  view.holds_slot = one.holds_slot;
  view.phase = one.progress.phase;
  const std::int64_t now = monotonic_nanoseconds();
  view.seconds = seconds_of(now - one.progress.since);
  view.lines = one.progress.lines;
  view.bytes_in = one.progress.bytes_in;
  view.bytes_out = one.progress.bytes_out;
  view.offered = one.progress.offered;
  view.wanted = one.progress.wanted;
  view.stored = one.progress.stored;
  view.failed = one.progress.failed;
  for (std::size_t phase = 0; phase < kPhases; ++phase) {
    view.spent[phase] = seconds_of(one.progress.spent[phase]);
  }
  if (const auto phase = static_cast<std::size_t>(view.phase); phase < kPhases) {
    view.spent[phase] += seconds_of(now - one.progress.phase_since);
  }
  if (view.seconds_in(Phase::updates) > 0) {
    view.update_bytes = view.bytes_in - one.progress.bytes_before_updates;
  }
  return view;
}

// Whether one more request beside the sessions would leave room for others; mine is noted, but not counted
// yet.
bool Board::has_room_for(const Place& mine) const {
  const auto is_counted = [](const Place& one) { return one.is_beside_sessions() && !one.leaving; };
  return count(is_counted) < shared_->room.beside_sessions() &&
         count([&](const Place& one) { return is_counted(one) && one.has_device_of(mine); }) <
             shared_->room.for_one_device();
}

bool Board::admit(int place_index, const BoardRequest& request) {
  const Locked locked(*this);
  Place& mine = place(place_index);
  mine.note(request, Work::none);
  if (!has_room_for(mine)) {
    mine.forget();
    return false;
  }
  mine.work = Work::request;
  return true;
}

bool Board::has_free_slot() const {
  if (shared_->room.slots > 0) return free_slots() > 0;
  return count([](const Place& one) { return one.work != Work::none && !one.leaving; }) <
         shared_->room.unlimited_sessions();
}

bool Board::take_slot(Place& mine) {
  if (shared_->room.slots > 0 && ::sem_trywait(&shared_->slots) != 0) return false;
  mine.holds_slot = true;
  return true;
}

bool Board::admit_session(int place_index, const BoardRequest& request, int per_device) {
  const Locked locked(*this);
  if (!has_free_slot()) return false;
  Place& mine = place(place_index);
  mine.note(request, Work::none);
  const int waiting =
      count([](const Place& one) { return one.work == Work::waiting_session && !one.leaving; });
  const bool may_wait = waiting < shared_->room.waiting() && has_room_for(mine);
  mine.work = Work::waiting_session;
  if (turn_of(mine, per_device) == Turn::taken || may_wait) return true;
  mine.forget();
  return false;
}

Turn Board::turn_of(Place& mine, int per_device) {
  const auto is_other = [&](const Place& one) { return &one != &mine && one.is_session(); };
  if (!mine.holds_partition && count([&](const Place& one) {
                                 return is_other(one) && one.holds_partition && one.has_partition_of(mine);
                               }) != 0) {
    return Turn::partition_busy;
  }
  mine.holds_partition = true;
  if (per_device > 0 && count([&](const Place& one) {
                          return is_other(one) && one.work == Work::session && one.has_device_of(mine);
                        }) >= per_device) {
    return Turn::device_busy;
  }
  if (!take_slot(mine)) return Turn::no_slot;
  mine.work = Work::session;
  return Turn::taken;
}

Turn Board::take_turn(int place_index, int per_device) {
  const Locked locked(*this);
  Place& mine = place(place_index);
  return mine.work == Work::session ? Turn::taken : turn_of(mine, per_device);
}

void Board::leave(int place_index) {
  bool was_session = false;
  {
    const Locked locked(*this);
    Place& mine = place(place_index);
    was_session = mine.is_session();
    mine.forget();
    if (std::exchange(mine.holds_slot, false)) settle();
  }
  if (was_session) shared_->departures.announce();
}

SharedChanges& Board::departures() const { return shared_->departures; }

Progress& Board::progress(int place_index) const { return place(place_index).progress; }

void BoardPlace::begin(Phase phase) {
  Progress& mine = progress();
  mine.since = monotonic_nanoseconds();
  mine.phase_since = std::int64_t{mine.since};
  for (SharedCount* count : {&mine.lines, &mine.bytes_in, &mine.bytes_out, &mine.offered, &mine.wanted,
                             &mine.stored, &mine.failed}) {
    *count = 0;
  }
  for (SharedCount& spent : mine.spent) spent = 0;
  mine.phase = phase;
}

void BoardPlace::set_phase(Phase phase) {
  Progress& mine = progress();
  const std::int64_t now = monotonic_nanoseconds();
  mine.spent[static_cast<std::size_t>(mine.phase.load(std::memory_order_relaxed))] += now - mine.phase_since;
  mine.phase_since = now;
  if (phase == Phase::updates) mine.bytes_before_updates = std::int64_t{mine.bytes_in};
  mine.phase.store(phase, std::memory_order_relaxed);
}

}  // namespace ssync
