#include "worker/replicator/priority_list.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>

#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/log.h"
#include "common/python/text.h"
#include "worker/recon/regular_file.h"

namespace ssync {
namespace {

constexpr std::size_t kLongestFile = 16UL * 1024 * 1024;
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

// nullopt, with a line in the log, for what cannot be read.
std::optional<std::string> content_of(const Fd& file, const std::string& path, const struct stat& status) {
  try {
    if (!S_ISREG(status.st_mode)) throw OsError(EINVAL, path);
    auto content = read_at_most(file, path, kLongestFile);
    if (!content) throw OsError(EFBIG, path);
    return content;
  } catch (const OsError& error) {
    log::warning("{}; what is put first stays as it is", error.what());
    return std::nullopt;
  }
}

}  // namespace

bool PriorityList::refresh() {
  if (path_.empty()) return false;
  const Fd file = open_file(path_, O_RDONLY | O_NONBLOCK);
  struct stat now {};
  if (!file && errno == ENOENT) {
    if (std::exchange(seen_, std::nullopt)) {
      log::info("{}: is not there any more; nothing is put first", path_);
    }
    return !std::exchange(partitions_, {}).empty();
  }
  if (!file || ::fstat(file.get(), &now) != 0) {
    log::warning("{}: {}; what is put first stays as it is", path_, std::strerror(errno));
    return false;
  }
  if (seen_ == FileIdentity::of(now)) return false;
  seen_ = FileIdentity::of(now);
  const std::optional<std::string> content = content_of(file, path_, now);
  if (!content) return false;
  Partitions partitions = parsed(*content);
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
