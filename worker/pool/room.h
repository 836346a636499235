// How many workers of the pool each kind of request may hold, so that none takes the whole pool.
#pragma once

namespace ssync {

struct Room {
  int workers = 1;
  int slots = 0;  // replication_concurrency: sessions at once; 0: no limit

  // GET, HEAD and REPLICATE, together with sessions that wait for a partition or a device: what the sessions
  // leave, and one worker that is always there to refuse what is too much.
  [[nodiscard]] int beside_sessions() const noexcept;
  // Of those, for one device: when it hangs, others are still served.
  [[nodiscard]] int for_one_device() const noexcept;
  // Of those, sessions that wait: no more than in Swift, whose waiting sessions hold slots.
  [[nodiscard]] int waiting() const noexcept;
  // Sessions, where they are not limited by slots.
  [[nodiscard]] int unlimited_sessions() const noexcept;
};

}  // namespace ssync
