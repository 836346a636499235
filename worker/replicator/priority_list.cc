#include "worker/replicator/priority_list.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "common/os/fd.h"
#include "common/os/log.h"
#include "common/python/text.h"

namespace ssync {
namespace {

constexpr std::int64_t kLongestFile = std::int64_t{16} * 1024 * 1024;
constexpr int kAnyPolicy = -1;
constexpr int kMostComplaints = 10;

template <typename Number>
std::optional<Number> number_of(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size() || text.starts_with('-')) return std::nullopt;
  return number;
}

// nullopt if it is none.
std::optional<std::pair<int, std::uint64_t>> partition_of(std::string_view text) {
  int policy = kAnyPolicy;
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos) {
    const auto index = number_of<int>(text.substr(0, colon));
    if (!index) return std::nullopt;
    policy = *index;
    text.remove_prefix(colon + 1);
  }
  const auto partition = number_of<std::uint64_t>(text);
  if (!partition) return std::nullopt;
  return std::pair(policy, *partition);
}

bool is_same(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino && one.st_size == other.st_size &&
         one.st_mtim.tv_sec == other.st_mtim.tv_sec && one.st_mtim.tv_nsec == other.st_mtim.tv_nsec;
}

// False with errno set.
bool read_all(const Fd& file, std::string& text) {
  std::array<char, 65536> piece{};
  for (;;) {
    const ssize_t size = ::read(file.get(), piece.data(), piece.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return false;
    if (size == 0) return true;
    text.append(piece.data(), static_cast<std::size_t>(size));
    if (static_cast<std::int64_t>(text.size()) > kLongestFile) {
      errno = EFBIG;
      return false;
    }
  }
}

}  // namespace

bool PriorityList::refresh() {
  if (path_.empty()) return false;
  const Fd file = open_file(path_, O_RDONLY | O_NONBLOCK);
  struct stat now {};
  if (!file && errno == ENOENT) {
    const bool was_there = is_there_;
    is_there_ = false;
    seen_ = {};
    if (was_there) log::info("{}: is not there any more; nothing is put first", path_);
    return !std::exchange(partitions_, {}).empty();
  }
  if (!file || ::fstat(file.get(), &now) != 0) {
    log::warning("{}: {}; what is put first stays as it is", path_, std::strerror(errno));
    return false;
  }
  if (is_there_ && is_same(now, seen_)) return false;
  is_there_ = true;
  seen_ = now;
  std::string text;
  if (!S_ISREG(now.st_mode)) errno = EINVAL;
  if (!S_ISREG(now.st_mode) || !read_all(file, text)) {
    log::warning("{}: {}; what is put first stays as it is", path_, std::strerror(errno));
    return false;
  }
  Partitions partitions = parsed(text);
  log::info("{}: {} partitions are put first", path_, partitions.size());
  const bool has_changed = partitions != partitions_;
  partitions_ = std::move(partitions);
  return has_changed;
}

PriorityList::Partitions PriorityList::parsed(const std::string& text) const {
  Partitions partitions;
  int complaints = 0;
  std::size_t number = 0;
  for (std::size_t begin = 0; begin < text.size();) {
    ++number;
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = std::string_view(text).substr(begin, end - begin);
    begin = end + 1;
    line = python::strip(line.substr(0, line.find('#')));
    if (line.empty()) continue;
    if (const auto partition = partition_of(line)) {
      partitions.insert(*partition);
    } else if (++complaints <= kMostComplaints) {
      log::warning("{}: line {}: {} is no partition, as in 1234, or as in 1:1234 of policy 1; left out",
                   path_, number, line.substr(0, 80));
    }
  }
  return partitions;
}

bool PriorityList::contains(int policy_index, std::uint64_t partition) const {
  return partitions_.contains({kAnyPolicy, partition}) || partitions_.contains({policy_index, partition});
}

}  // namespace ssync
