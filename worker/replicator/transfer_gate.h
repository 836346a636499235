// How many sessions there are at the same time, and with whom.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace ssync {

// `concurrency` jobs have something sent at a time. A receiver serves one session of a device at a time
// (replication_concurrency_per_device), and lets others wait until they time out; so a second session with a
// device waits here, and those with others go first.
class TransferGate {
 public:
  explicit TransferGate(std::size_t at_once) : free_(at_once) {}

  // Called now and then while something is waited for; may throw.
  using GiveUp = std::function<void()>;

  // One of the `at_once`, or a session with a device, or both; held until destroyed.
  class Turn {
   public:
    Turn(Turn&& other) noexcept
        : gate_(std::exchange(other.gate_, nullptr)),
          device_(std::move(other.device_)),
          has_place_(other.has_place_) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (gate_ != nullptr) gate_->end(*this);
    }

   private:
    friend class TransferGate;
    Turn(TransferGate* gate, std::string device, bool has_place)
        : gate_(gate), device_(std::move(device)), has_place_(has_place) {}
    TransferGate* gate_;
    std::string device_;  // empty: none
    bool has_place_;
  };

  // A place among those who send, and a session with this device. Of those who wait, the first who can go
  // goes.
  Turn wait_for_session(const std::string& device, const GiveUp& give_up);
  // A place alone, for a job that holds a lock over several sessions, and then a session of such a job.
  Turn wait_for_place(const GiveUp& give_up);
  Turn wait_for_device(const Turn& place, const std::string& device, const GiveUp& give_up);

 private:
  struct Waiting {
    std::string device;
    bool needs_place = false;
    bool may_go = false;
    std::condition_variable changed = {};  // one for each: only who may go is woken
  };

  Turn wait(const std::string& device, bool needs_place, const GiveUp& give_up);
  void end(const Turn& turn);
  void let_go();

  std::mutex mutex_;
  std::size_t free_;
  std::set<std::string> busy_;
  std::list<Waiting> waiting_;
};

}  // namespace ssync
