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
#include <functional>
#include <iterator>
#include <string_view>
#include <utility>

#include "common/os/errors.h"
#include "common/os/log.h"

namespace ssync {
namespace {

// Times more than the partitions that a device has; for a file that somebody made up.
constexpr std::size_t kMostTurns = 4'000'000;
constexpr std::size_t kPiece = 64UL * 1024;
// A line has up to 50 bytes.
constexpr std::size_t kLongestLine = 100;
constexpr std::size_t kLongestUnwritten = 64UL * 1024;
// Below it the file is not worth the rename.
constexpr std::size_t kFewLines = 1000;

// A number at the beginning, which it takes away; false if there is none.
template <typename Number>
bool take_number(std::string_view& text, Number& number) {
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
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  try {
    take_lines(file);
  } catch (const OsError& error) {
    log::warning("{}", error.what());
  }
}

void VisitTimes::take_lines(const Fd& file) {
  std::string text;
  std::array<char, kPiece> piece{};
  for (;;) {
    const ssize_t size = ::read(file.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw_os_error(path_);
    if (size == 0) return;
    text.append(piece.data(), static_cast<std::size_t>(size));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      take_line(std::string_view(text).substr(begin, end - begin));
    }
    text.erase(0, begin);
    if (text.size() > kLongestLine) {
      // No line of ours, but it has to make the file be replaced some time.
      lines_ += text.size() / kLongestLine;
      text.resize(kLongestLine);
    }
  }
}

void VisitTimes::take_line(std::string_view line) {
  ++lines_;
  Key key;
  std::int64_t seconds = 0;
  if (!take_number(line, key.policy_index) || !line.starts_with(' ')) return;
  line.remove_prefix(1);
  if (!take_number(line, key.partition) || !line.starts_with(' ')) return;
  line.remove_prefix(1);
  if (!take_number(line, seconds) || !line.empty() || seconds < 0) return;
  if (turns_.size() >= kMostTurns && !turns_.contains(key)) return;
  turns_.insert_or_assign(key, Turn{seconds, false});
}

std::size_t VisitTimes::HashOfKey::operator()(const Key& key) const noexcept {
  // Numbers of partitions are spread by themselves; policies of one number are beside each other.
  return std::hash<std::uint64_t>{}(key.partition * 64 + static_cast<std::uint64_t>(key.policy_index));
}

std::int64_t VisitTimes::last(int policy_index, std::uint64_t partition) const {
  const auto found = turns_.find({.partition = partition, .policy_index = policy_index});
  if (found == turns_.end()) return 0;
  found->second.was_asked_for = true;
  return found->second.seconds;
}

void VisitTimes::keep_what_was_asked_for() {
  std::erase_if(turns_, [](const auto& turn) { return !turn.second.was_asked_for; });
  if (lines_ > kFewLines && lines_ > 2 * turns_.size()) {
    replace_file();
  }
  turns_ = {};
}

void VisitTimes::replace_file() {
  const std::string other = path_ + ".new";
  try {
    file_ = open_file(other, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
    if (!file_) throw_os_error(other);
    for (const auto& [key, turn] : turns_) {
      append(key.policy_index, key.partition, turn.seconds);
      if (unwritten_.size() >= kLongestUnwritten) {
        write_all(file_.get(), std::exchange(unwritten_, {}), other);
      }
    }
    write_all(file_.get(), std::exchange(unwritten_, {}), other);
    if (std::rename(other.c_str(), path_.c_str()) != 0) throw_os_error(other);
  } catch (const OsError& error) {
    log::warning("{}", error.what());
    unwritten_.clear();
  }
  open();
}

void VisitTimes::append(int policy_index, std::uint64_t partition, std::int64_t seconds) {
  fmt::format_to(std::back_inserter(unwritten_), "{} {} {}\n", policy_index, partition, seconds);
}

void VisitTimes::note(int policy_index, std::uint64_t partition, std::int64_t seconds) {
  append(policy_index, partition, seconds);
  if (unwritten_.size() < kLongestUnwritten && Clock::now() < next_write_) return;
  write();
  next_write_ = Clock::now() + std::chrono::seconds(1);
}

void VisitTimes::write() {
  try {
    if (file_) write_all(file_.get(), unwritten_, path_);
  } catch (const OsError& error) {
    log::warning("{}; after a restart the order of partitions is forgotten", error.what());
    file_ = {};
  }
  unwritten_.clear();
}

}  // namespace ssync
