#include "common/hashes/hashes_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <optional>

#include "common/hashes/hashes_lock.h"
#include "common/hashes/suffix_invalidation.h"
#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/lock_path.h"
#include "common/os/log.h"
#include "common/python/errors.h"
#include "common/python/text.h"

namespace ssync {
namespace {

constexpr char kHashesFile[] = "/hashes.pkl";
// Swift's files have at most 4,096 suffixes of less than 100 bytes each, far below this.
constexpr std::size_t kLargestFile = 64UL * 1024 * 1024;

pickle::Value text(std::string_view utf8) { return {pickle::Text{std::string(utf8)}}; }

std::string_view text_of(const pickle::Value& key) { return std::get<pickle::Text>(key.data).utf8; }

// The file's bytes; nullopt if it does not exist. Throws OsError, and ValueError if it is too large.
std::optional<std::string> read_file(const std::string& path) {
  const Fd fd = open_file(path, O_RDONLY | O_NONBLOCK);
  if (!fd) {
    if (errno == ENOENT) return std::nullopt;
    throw_os_error(path);
  }
  std::string data;
  std::array<char, 65536> buffer{};
  for (;;) {
    const ssize_t size = ::read(fd.get(), buffer.data(), buffer.size());
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) throw_os_error(path);
    if (size == 0) return data;
    data.append(buffer.data(), static_cast<std::size_t>(size));
    if (data.size() > kLargestFile) throw ValueError(path + " is too large");
  }
}

bool is_known_key(std::string_view key) { return is_suffix(key) || key == "valid" || key == "updated"; }

// The dictionary; nullopt if it is not one, or has keys other than Swift's.
std::optional<pickle::Dict> with_known_keys(pickle::Value value) {
  auto* dict = std::get_if<pickle::Dict>(&value.data);
  if (dict == nullptr) return std::nullopt;
  const bool known = std::all_of(dict->begin(), dict->end(), [](const auto& item) {
    const auto* name = std::get_if<pickle::Text>(&item.first.data);
    return name != nullptr && is_known_key(name->utf8);
  });
  if (!known) return std::nullopt;
  return std::move(*dict);
}

std::optional<pickle::Dict> load(const std::string& path) {
  try {
    const auto data = read_file(path);
    if (!data) return std::nullopt;
    return with_known_keys(pickle::load(*data, pickle::Python2Str::ascii_text));
  } catch (const std::exception& error) {
    // After any error all suffixes are hashed again.
    log::warning("Ignoring {}: {}", path, error.what());
    return std::nullopt;
  }
}

double now_seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

}  // namespace

bool is_suffix(std::string_view name) {
  return name.size() == 3 && name.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

HashesFile HashesFile::read(const std::string& partition_dir) {
  HashesFile file;
  auto items = load(partition_dir + kHashesFile);
  if (items) {
    file.adopt(*std::move(items));
  } else {
    file.set("valid", pickle::Value{false});
  }
  // Files of older versions without these keys are valid, and older than any other.
  if (file.find("valid") == nullptr) file.set("valid", pickle::Value{true});
  if (file.find("updated") == nullptr) file.set("updated", pickle::Value{std::int64_t{-1}});
  return file;
}

HashesFile HashesFile::empty() {
  HashesFile file;
  file.set("valid", pickle::Value{true});
  return file;
}

bool HashesFile::is_valid() const {
  const pickle::Value* valid = find("valid");
  return valid != nullptr && pickle::is_true(*valid);
}

void HashesFile::adopt(pickle::Dict items) {
  items_ = std::move(items);
  places_.clear();
  places_.reserve(items_.size());
  for (const auto& item : items_) places_.emplace(text_of(item.first), places_.size());
}

const pickle::Value* HashesFile::find(std::string_view key) const {
  const auto place = places_.find(std::string(key));
  return place == places_.end() ? nullptr : &items_[place->second].second;
}

pickle::Dict HashesFile::suffixes() const {
  pickle::Dict result;
  for (const auto& item : items_) {
    const std::string_view key = text_of(item.first);
    if (key != "valid" && key != "updated") result.push_back(item);
  }
  return result;
}

void HashesFile::set(std::string_view suffix, pickle::Value hash) {
  const auto [place, is_new] = places_.emplace(suffix, items_.size());
  if (is_new) {
    items_.emplace_back(text(suffix), std::move(hash));
  } else {
    items_[place->second].second = std::move(hash);
  }
}

void HashesFile::add(std::string_view suffix) {
  if (find(suffix) == nullptr) set(suffix, pickle::Value{pickle::None{}});
}

void HashesFile::erase(const std::unordered_set<std::string>& suffixes) {
  std::erase_if(items_,
                [&](const auto& item) { return suffixes.contains(std::string(text_of(item.first))); });
  adopt(std::move(items_));
}

void HashesFile::write(const std::string& partition_dir) {
  set("updated", pickle::Value{now_seconds()});
  std::string temporary = partition_dir + "/tmpXXXXXX.tmp";
  const Fd fd(::mkostemps(temporary.data(), 4, O_CLOEXEC));
  if (!fd) throw_os_error(temporary);
  try {
    write_all(fd.get(), pickle::dump(pickle::Value{items_}), temporary);
    sync_file(fd.get(), temporary);
    const std::string path = partition_dir + kHashesFile;
    if (std::rename(temporary.c_str(), path.c_str()) != 0) throw_os_error(path);
  } catch (const OsError&) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_directory(partition_dir);
}

bool operator==(const HashesFile& a, const HashesFile& b) {
  if (a.items_.size() != b.items_.size()) return false;
  return std::all_of(a.items_.begin(), a.items_.end(), [&](const auto& item) {
    const pickle::Value* other = b.find(text_of(item.first));
    return other != nullptr && item.second == *other;
  });
}

HashesFile consolidate_hashes(const std::string& partition_dir) {
  const PathLock lock = lock_hashes(partition_dir);
  HashesFile hashes = HashesFile::read(partition_dir);
  const std::string path = invalidations_path(partition_dir);
  const auto lines = read_file(path);
  if (!lines || lines->empty()) return hashes;
  bool changed = false;
  std::string_view rest = *lines;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view suffix = python::strip(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!is_suffix(suffix)) continue;
    hashes.set(suffix, pickle::Value{pickle::None{}});
    changed = true;
  }
  if (changed) hashes.write(partition_dir);
  // Truncate only after the invalidations are durable in hashes.pkl.
  const Fd fd = open_file(path, O_WRONLY | O_TRUNC);
  if (!fd) throw_os_error(path);
  return hashes;
}

}  // namespace ssync
