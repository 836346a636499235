// How many sessions there are at the same time, and with whom.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <utility>

namespace ssync {

// Others than this process may wait for a device that it uses. A receiver that does not wake them, but lets
// them look now and then whether the device is free, as Swift's does (every 0.15 seconds with a lock time-out
// of 15), would let them time out while one session follows the other.
struct SessionGaps {
  std::chrono::steady_clock::duration after =
      std::chrono::seconds(3);  // a device's sessions took so long together
  std::chrono::steady_clock::duration length =
      std::chrono::milliseconds(200);  // it is left alone for so long
};

// `concurrency` jobs have something sent at a time. A receiver serves one session of a device at a time
// (replication_concurrency_per_device), and lets others wait until they time out; so a second session with a
// device waits here, and those with others go first.
class TransferGate {
 public:
  using Clock = std::chrono::steady_clock;

  explicit TransferGate(std::size_t at_once, SessionGaps gaps = {}) : gaps_(gaps), free_(at_once) {}

  // Called now and then while something is waited for; may throw.
  using GiveUp = std::function<void()>;

  // One of the `at_once`, or a session with a device, or both; held until destroyed.
  class Turn {
   public:
    Turn(Turn&& other) noexcept
        : gate_(std::exchange(other.gate_, nullptr)),
          device_(std::move(other.device_)),
          has_place_(other.has_place_),
          needs_gaps_(other.needs_gaps_),
          begun_(other.begun_) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (gate_ != nullptr) gate_->end(*this);
    }

    // Its receiver lets others look now and then.
    void needs_gaps() { needs_gaps_ = true; }

   private:
    friend class TransferGate;
    Turn(TransferGate* gate, std::string device, bool has_place)
        : gate_(gate), device_(std::move(device)), has_place_(has_place) {}
    TransferGate* gate_;
    std::string device_;  // empty: none
    bool has_place_;
    bool needs_gaps_ = false;
    Clock::time_point begun_ = Clock::now();
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

  struct Device {
    bool is_busy = false;
    Clock::duration taken = {};        // by sessions since the last gap
    Clock::time_point free_from = {};  // the end of the gap
  };

  Turn wait(const std::string& device, bool needs_place, const GiveUp& give_up);
  void end(const Turn& turn);
  void let_go();

  std::mutex mutex_;
  SessionGaps gaps_;
  std::size_t free_;
  std::map<std::string, Device> devices_;
  std::list<Waiting> waiting_;
};

}  // namespace ssync
