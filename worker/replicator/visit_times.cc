#include "worker/replicator/visit_times.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include "common/os/errors.h"
#include "common/os/log.h"
#include "worker/recon/regular_file.h"

namespace ssync {
namespace {

// A device has some hundred thousand partitions at most; a line has up to 40 bytes.
constexpr std::size_t kLongestFile = 64UL * 1024 * 1024;
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
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return;
  try {
    const std::string text = read_at_most(file, path_, kLongestFile).value_or("");
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
      take_line(std::string_view(text).substr(begin, end - begin));
    }
  } catch (const OsError& error) {
    log::warning("{}", error.what());
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
    replace_file();
  }
  turns_ = {};
}

void VisitTimes::replace_file() {
  std::string text;
  for (const auto& [key, turn] : turns_) text += fmt::format("{} {}\n", key, turn.seconds);
  const std::string other = path_ + ".new";
  try {
    const Fd file = open_file(other, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
    if (!file) throw_os_error(other);
    write_all(file.get(), text, other);
    if (std::rename(other.c_str(), path_.c_str()) != 0) throw_os_error(other);
    open();
  } catch (const OsError& error) {
    log::warning("{}", error.what());
  }
}

void VisitTimes::note(int policy_index, std::uint64_t partition, std::int64_t seconds) {
  unwritten_ += fmt::format("{} {}\n", key_of(policy_index, partition), seconds);
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
