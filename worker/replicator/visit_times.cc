#include "worker/replicator/visit_times.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include "common/os/log.h"

namespace ssync {
namespace {

// A device has some hundred thousand partitions at most; a line has up to 40 bytes.
constexpr std::int64_t kLongestFile = std::int64_t{64} * 1024 * 1024;
constexpr std::size_t kLongestUnwritten = 64UL * 1024;
// Below it the file is not worth the rename.
constexpr std::size_t kFewLines = 1000;

std::string key_of(int policy_index, std::uint64_t partition) {
  return fmt::format("{} {}", policy_index, partition);
}

// A number of digits at the beginning, which it takes away; false if there is none.
bool take_number(std::string_view& text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

VisitTimes::VisitTimes(std::string path) : path_(std::move(path)) {
  read();
  open();
}

VisitTimes::~VisitTimes() { write(); }

void VisitTimes::open() {
  file_ = open_file(path_, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK, 0644);
  if (!file_) {
    log::warning("{}: {}; after a restart the order of partitions is forgotten", path_, std::strerror(errno));
  }
}

void VisitTimes::read() {
  const Fd file = open_file(path_, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (!file) {
    if (errno != ENOENT) log::warning("{}: {}", path_, std::strerror(errno));
    return;
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_size > kLongestFile) return;
  std::string text;
  std::array<char, 65536> piece{};
  for (;;) {
    const ssize_t size = ::read(file.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) log::warning("{}: {}", path_, std::strerror(errno));
    if (size <= 0) return;
    text.append(piece.data(), static_cast<std::size_t>(size));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      take_line(std::string_view(text).substr(begin, end - begin));
    }
    text.erase(0, begin);
    if (text.size() > piece.size()) return;
  }
}

void VisitTimes::take_line(std::string_view line) {
  ++lines_;
  const std::string_view whole = line;
  if (!take_number(line) || !line.starts_with(' ')) return;
  line.remove_prefix(1);
  if (!take_number(line) || !line.starts_with(' ')) return;
  const std::size_t key_size = whole.size() - line.size();
  line.remove_prefix(1);
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), seconds);
  if (error != std::errc() || end != line.data() + line.size() || seconds < 0) return;
  turns_.insert_or_assign(std::string(whole.substr(0, key_size)), Turn{seconds, false});
}

std::int64_t VisitTimes::last(int policy_index, std::uint64_t partition) const {
  const auto found = turns_.find(key_of(policy_index, partition));
  if (found == turns_.end()) return 0;
  found->second.was_asked_for = true;
  return found->second.seconds;
}

void VisitTimes::keep_what_was_asked_for() {
  std::erase_if(turns_, [](const auto& turn) { return !turn.second.was_asked_for; });
  if (lines_ > kFewLines && lines_ > 2 * turns_.size()) {
    const std::string other = path_ + ".new";
    const Fd file = open_file(other, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
    std::string text;
    for (const auto& [key, turn] : turns_) text += fmt::format("{} {}\n", key, turn.seconds);
    if (file && write_to(file, text) && std::rename(other.c_str(), path_.c_str()) == 0) {
      open();
    } else {
      log::warning("{}: {}", other, std::strerror(errno));
    }
  }
  turns_ = {};
}

void VisitTimes::note(int policy_index, std::uint64_t partition, std::int64_t seconds) {
  unwritten_ += fmt::format("{} {}\n", key_of(policy_index, partition), seconds);
  if (unwritten_.size() < kLongestUnwritten && Clock::now() < next_write_) return;
  write();
  next_write_ = Clock::now() + std::chrono::seconds(1);
}

void VisitTimes::write() {
  if (file_ && !unwritten_.empty() && !write_to(file_, unwritten_)) {
    log::warning("{}: {}; after a restart the order of partitions is forgotten", path_, std::strerror(errno));
    file_ = {};
  }
  unwritten_.clear();
}

// False with errno set.
bool VisitTimes::write_to(const Fd& file, std::string_view text) const {
  while (!text.empty()) {
    const ssize_t size = ::write(file.get(), text.data(), text.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

}  // namespace ssync
