#include "worker/sender/interruption.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>

#include "common/os/errors.h"
#include "common/os/fd.h"
#include "worker/sender/errors.h"

namespace ssync {
namespace {

std::atomic<int> signal_number{0};
std::atomic<int> wake_fd{-1};
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void notice(int number) {
  const int saved_errno = errno;
  signal_number = number;
  const char byte = 0;
  // If the pipe is full, it is readable too.
  static_cast<void>(!::write(wake_fd, &byte, 1));
  errno = saved_errno;
}

void handle(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  for (const int number : {SIGINT, SIGTERM}) {
    if (::sigaction(number, &action, nullptr) != 0) throw_os_error("sigaction");
  }
}

}  // namespace

Interruption::Interruption() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) throw_os_error("pipe");
  read_end_ = Fd(ends[0]);
  write_end_ = Fd(ends[1]);
  signal_number = 0;
  wake_fd = write_end_.get();
  handle(notice);
}

Interruption::~Interruption() {
  // Cannot fail, since it succeeded for these signals before.
  handle(SIG_DFL);
  wake_fd = -1;
}

void Interruption::check() const {
  if (signal_number == 0) return;
  throw Interrupted(signal_number == SIGINT ? "interrupted (SIGINT)" : "terminated (SIGTERM)");
}

void Interruption::wait(std::chrono::steady_clock::duration time) const {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + time;
  for (;;) {
    check();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return;
    constexpr std::int64_t kLongest = 3'600'000;
    pollfd polled{fd(), POLLIN, 0};
    static_cast<void>(::poll(&polled, 1, static_cast<int>(std::min<std::int64_t>(left, kLongest))));
  }
}

}  // namespace ssync
