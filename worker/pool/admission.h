// A request that was let in, or not.
#pragma once

#include "worker/pool/board.h"

namespace ssync {

// Holds what the board gave for one request, until it ends. Decides in memory, before any disk is touched.
class Admission {
 public:
  // A GET, HEAD or REPLICATE.
  Admission(BoardPlace& place, const BoardRequest& request)
      : place_(place), is_admitted_(place.admit(request)) {}
  // A session; per_device is replication_concurrency_per_device.
  Admission(BoardPlace& place, const BoardRequest& request, int per_device)
      : place_(place), per_device_(per_device), is_admitted_(place.admit_session(request, per_device)) {}
  ~Admission() { leave(); }
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  // False: answer 503, and touch nothing.
  [[nodiscard]] bool is_admitted() const noexcept { return is_admitted_; }
  // Of an admitted session: whether it may run now.
  [[nodiscard]] Turn take_turn() { return place_.take_turn(per_device_); }
  // To wait for a turn.
  [[nodiscard]] const SharedChanges& departures() const { return place_.departures(); }
  [[nodiscard]] Throttles& throttles() const { return place_.throttles(); }
  [[nodiscard]] Ledger& ledger() const { return place_.ledger(); }
  [[nodiscard]] BoardView view() const { return place_.view(); }
  [[nodiscard]] Progress& progress() const { return place_.progress(); }
  void set_phase(Phase phase) { place_.set_phase(phase); }
  // Others may have what this request held.
  void leave() noexcept {
    if (is_admitted_) place_.leave();
    is_admitted_ = false;
  }

 private:
  BoardPlace& place_;
  int per_device_ = 0;
  bool is_admitted_;
};

}  // namespace ssync
