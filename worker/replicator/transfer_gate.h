// How many sessions there are at the same time, and with whom.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <mutex>
#include <set>
#include <string>

namespace ssync {

// A receiver serves one session of a device at a time (replication_concurrency_per_device), and lets others
// wait until they time out; so a second session with a device waits here, and those with others go first.
class TransferGate {
 public:
  explicit TransferGate(std::size_t at_once) : free_(at_once) {}

  // Held until destroyed.
  class Turn {
   public:
    ~Turn() { gate_.end(device_); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;

   private:
    friend class TransferGate;
    Turn(TransferGate& gate, std::string device) : gate_(gate), device_(std::move(device)) {}
    TransferGate& gate_;
    std::string device_;
  };

  // Waits until there is room, and no other session with this device. The first who can go goes first.
  // give_up is called now and then while waiting, and may throw.
  Turn wait_for_turn(const std::string& device, const std::function<void()>& give_up);

 private:
  struct Waiting {
    const std::string& device;
    bool may_go = false;
  };

  void end(const std::string& device);
  void let_go();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t free_;
  std::set<std::string> busy_;
  std::list<Waiting> waiting_;
};

}  // namespace ssync
