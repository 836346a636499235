#include "worker/replicator/status_answerer.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <exception>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/os/blocked_signals.h"
#include "common/os/errors.h"
#include "common/os/lock_path.h"
#include "common/os/log.h"

namespace ssync {
namespace {

constexpr mode_t kOwnUserOnly = 0600;
constexpr int kBacklog = 16;
constexpr timeval kForEachClient{.tv_sec = 1, .tv_usec = 0};
// How many numbers are tried, from the process's own.
constexpr std::size_t kMostTaken = 16;
// Milliseconds. Whoever holds the lock renames nothing and waits for nothing.
constexpr int kBetweenAttempts = 20;
constexpr int kMostAttempts = 100;
constexpr int kAfterFailure = 1000;

std::string name_of(std::size_t number) { return fmt::format("ssync-replicator.{}.status", number); }

// The directory itself is locked: no file is left for it.
class DirectoryLock {
 public:
  explicit DirectoryLock(int directory) : directory_(directory) {}
  [[nodiscard]] bool take() const { return ::flock(directory_, LOCK_EX | LOCK_NB) == 0; }
  ~DirectoryLock() { ::flock(directory_, LOCK_UN); }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  int directory_;
};

}  // namespace

StatusAnswerer::StatusAnswerer(std::string directory, std::size_t process,
                               std::function<std::string()> report)
    : path_(std::move(directory)),
      process_(process),
      report_(std::move(report)),
      ends_(::eventfd(0, EFD_CLOEXEC)) {
  try {
    if (!ends_) throw_os_error("eventfd");
    const BlockedSignals blocked;
    thread_ = std::thread([this] { run(); });
  } catch (const std::exception& error) {
    log::warning("ssync-replicator does not tell what it does: {}", error.what());
  }
}

StatusAnswerer::~StatusAnswerer() {
  if (!thread_.joinable()) return;
  const std::uint64_t one = 1;
  static_cast<void>(::write(ends_.get(), &one, sizeof(one)));
  thread_.join();
}

void StatusAnswerer::run() {
  try {
    listen();
    answer_all();
  } catch (const std::exception& error) {
    log::warning("ssync-replicator does not tell what it does: {}", error.what());
  }
  remove_name();
}

// Two replicators that start at once look for their names one after the other: else one might remove what the
// other has just made.
void StatusAnswerer::listen() {
  directory_ = std::make_unique<SocketDirectory>(path_);
  const DirectoryLock lock(directory_->fd());
  for (int attempt = 0; !lock.take(); ++attempt) {
    if (errno != EWOULDBLOCK && errno != EINTR) throw_os_error(path_);
    if (attempt == kMostAttempts) throw lock_timeout("2", path_);
    pollfd end{.fd = ends_.get(), .events = POLLIN, .revents = 0};
    if (::poll(&end, 1, kBetweenAttempts) > 0) return;
  }
  for (std::size_t number = process_; number < process_ + kMostTaken; ++number) {
    const std::string name = name_of(number);
    if (directory_->connect(name) || errno == EAGAIN) {
      log::info("{}/{}: another ssync-replicator tells there what it does; this one takes the next name",
                path_, name);
      continue;
    }
    if (errno == ECONNREFUSED && !directory_->remove(name)) throw_os_error(path_ + "/" + name);
    if (errno != ECONNREFUSED && errno != ENOENT) throw_os_error(path_ + "/" + name);
    take_name(name);
    return;
  }
  throw std::runtime_error(fmt::format("{}/{} and the next {} names are taken by others that run", path_,
                                       name_of(process_), kMostTaken - 1));
}

void StatusAnswerer::take_name(const std::string& name) {
  listening_ = directory_->listen(name, kOwnUserOnly, kBacklog);
  struct stat status {};
  if (::fstatat(directory_->fd(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    throw_os_error(path_ + "/" + name);
  }
  device_ = status.st_dev;
  inode_ = status.st_ino;
  name_ = name;
}

void StatusAnswerer::answer_all() {
  while (listening_) {
    std::array<pollfd, 2> waiting{{{.fd = ends_.get(), .events = POLLIN, .revents = 0},
                                   {.fd = listening_.get(), .events = POLLIN, .revents = 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) throw_os_error("poll");
    if (waiting[0].revents != 0) return;
    const Fd connection(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection) {
      answer(connection.get());
    } else if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR) {
      // Without descriptors to spare: later.
      ::poll(waiting.data(), 1, kAfterFailure);
    }
  }
}

void StatusAnswerer::answer(int connection) const {
  ::setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &kForEachClient, sizeof(kForEachClient));
  const std::string text = report_();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(kForEachClient.tv_sec);
  for (std::string_view rest = text; !rest.empty();) {
    const ssize_t sent = ::send(connection, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent <= 0 || std::chrono::steady_clock::now() > until) return;
    rest.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// Unless somebody has put another file in its place.
void StatusAnswerer::remove_name() noexcept {
  if (name_.empty()) return;
  struct stat status {};
  const bool is_ours = ::fstatat(directory_->fd(), name_.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                       status.st_dev == device_ && status.st_ino == inode_;
  if (is_ours && !directory_->remove(name_)) {
    log::warning("{}/{}: cannot be removed: {}", path_, name_, std::system_category().message(errno));
  }
}

}  // namespace ssync
