#include "worker/replicator/recon_cache.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <exception>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>

#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/lock_path.h"
#include "common/os/log.h"
#include "common/os/path.h"
#include "common/os/temporary_path.h"
#include "common/python/number.h"
#include "worker/recon/regular_file.h"

namespace ssync {
namespace {

using Clock = std::chrono::steady_clock;
// As json.dumps(sort_keys=True) has it.
using SortedJson = nlohmann::json;

constexpr std::size_t kLargest = std::size_t{64} << 20U;
constexpr std::chrono::milliseconds kBetweenAttempts{10};

void check_regular(const Fd& file, const std::string& path) {
  if (!file) throw_os_error(path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_os_error(path);
  if (!S_ISREG(status.st_mode)) throw std::runtime_error(path + " is not a regular file; remove it");
}

// An object, which is empty if the text is none.
Json parsed(const std::string& text) {
  try {
    Json values = parse_json(text);
    return values.is_object() ? values : Json::object();
  } catch (const std::exception&) {
    return Json::object();
  }
}

// Whether the path still leads to the file: who had the lock before may have replaced it.
bool is_at(const Fd& file, const std::string& path) {
  struct stat open {};
  struct stat named {};
  if (::fstat(file.get(), &open) != 0) throw_os_error(path);
  return ::stat(path.c_str(), &named) == 0 && open.st_ino == named.st_ino && open.st_dev == named.st_dev;
}

// The file, locked (swift.common.utils.lock_file). O_NONBLOCK: a FIFO in its place must not be waited for.
Fd lock_file(const std::string& path, double seconds) {
  const auto deadline =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  for (;;) {
    Fd file = open_file(path, O_RDWR | O_CREAT | O_NONBLOCK);
    check_regular(file, path);
    while (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
      if (errno != EWOULDBLOCK && errno != EINTR) throw_os_error(path);
      if (Clock::now() >= deadline) throw lock_timeout(std::to_string(static_cast<int>(seconds)), path);
      std::this_thread::sleep_for(kBetweenAttempts);
    }
    if (is_at(file, path)) return file;
  }
}

// put_recon_cache_entry().
void put_entry(Json& values, const std::string& key, const Json& value) {
  if (!value.is_object()) {
    values[key] = value;
    return;
  }
  if (value.empty()) {
    values.erase(key);
    return;
  }
  Json& entry = values[key];
  if (!entry.is_object()) entry = Json::object();
  for (const auto& [name, item] : value.items()) {
    if (item.is_object() && item.empty()) {
      entry.erase(name);
    } else {
      entry[name] = item;
    }
  }
}

void give_owner(int file, const Fd& before, const std::string& path) {
  struct stat status {};
  if (::geteuid() != 0 || ::fstat(before.get(), &status) != 0) return;
  if (status.st_uid == 0 && ::stat(parent_of(path).c_str(), &status) != 0) return;
  if (::fchown(file, status.st_uid, status.st_gid) != 0) throw_os_error(path);
}

void replace_file(const Fd& before, const std::string& path, const std::string& content) {
  std::string name = parent_of(path) + "/tmpXXXXXX";
  const Fd file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) throw_os_error(name);
  TemporaryPath temporary;
  temporary.set(name);
  write_all(file.get(), content, name);
  give_owner(file.get(), before, path);
  if (::rename(name.c_str(), path.c_str()) != 0) throw OsError(errno, name, path);
  temporary.let_go();
}

void update_file(const Json& update, const std::string& path, double lock_seconds) {
  const Fd file = lock_file(path, lock_seconds);
  const std::optional<std::string> content = read_at_most(file, path, kLargest);
  // Swift reads one line, and writes one.
  Json values = content ? parsed(content->substr(0, content->find('\n'))) : Json::object();
  for (const auto& [key, value] : update.items()) put_entry(values, key, value);
  replace_file(file, path, json_text(Json(SortedJson(values))) + "\n");
}

}  // namespace

Json load_recon_cache(const std::string& path) {
  try {
    const Fd file = open_file(path, O_RDONLY | O_NONBLOCK);
    if (!file && errno == ENOENT) return Json::object();
    check_regular(file, path);
    const std::optional<std::string> content = read_at_most(file, path, kLargest);
    return content ? parsed(*content) : Json::object();
  } catch (const std::exception& error) {
    log::error("Error reading recon cache file: {}", error.what());
    return Json::object();
  }
}

void dump_recon_cache(const Json& update, const std::string& path, double lock_seconds) {
  try {
    update_file(update, path, lock_seconds);
  } catch (const std::exception& error) {
    log::error("Exception dumping recon cache: {}", error.what());
  }
}

}  // namespace ssync
