#include "common/os/background_md5.h"

#include <utility>

#include "common/os/blocked_signals.h"

namespace ssync {
namespace {

constexpr std::size_t kPieces = 8;  // maximum in the queue, while as many are being processed

}  // namespace

BackgroundMd5::BackgroundMd5() {
  const BlockedSignals blocked;
  thread_ = std::thread([this] { run(); });
}

BackgroundMd5::~BackgroundMd5() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void BackgroundMd5::run() {
  std::vector<std::string> taken;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return is_ending_ || !pieces_.empty(); });
    if (is_ending_) return;
    taken.swap(pieces_);
    is_busy_ = true;
    lock.unlock();
    changed_.notify_all();
    for (std::string& piece : taken) {
      md5_.update(piece);
      piece.clear();
    }
    lock.lock();
    is_busy_ = false;
    for (std::string& piece : taken) spares_.push_back(std::move(piece));
    taken.clear();
    changed_.notify_all();
  }
}

std::string BackgroundMd5::exchange(std::string piece) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pieces_.size() < kPieces; });
  pieces_.push_back(std::move(piece));
  std::string spare;
  if (!spares_.empty()) {
    spare = std::move(spares_.back());
    spares_.pop_back();
  }
  lock.unlock();
  changed_.notify_all();
  return spare;
}

std::string BackgroundMd5::hex() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return pieces_.empty() && !is_busy_; });
  return md5_.hex();
}

}  // namespace ssync
