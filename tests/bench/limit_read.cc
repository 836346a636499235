#include "tests/bench/limit_read.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <array>
#include <atomic>
#include <string_view>
#include <utility>

#include "common/os/errors.h"
#include "common/os/fd.h"
#include "tests/bench/parallel.h"

namespace ssync::bench {
namespace {

// Longer than any metadata of the benchmark's objects.
constexpr std::size_t kMetadataRoom = 4096;
constexpr std::size_t kSuffixLength = 3;
constexpr std::size_t kHashLength = 32;

Fd open_directory(const std::string& path) {
  Fd fd = open_file(path, O_RDONLY | O_DIRECTORY);
  if (!fd) throw_os_error(path);
  return fd;
}

// Calls visit with each name in the directory. Not opendir(3), whose memory and calls would count.
template <typename Visit>
void for_each_name(const Fd& directory, const std::string& path, const Visit& visit) {
  alignas(dirent64) std::array<char, 32768> buffer;
  for (;;) {
    const ssize_t size = ::getdents64(directory.get(), buffer.data(), buffer.size());
    if (size < 0) throw_os_error(path);
    if (size == 0) return;
    for (const char* next = buffer.data(); next < buffer.data() + size;) {
      const auto* entry = reinterpret_cast<const dirent64*>(next);
      visit(static_cast<const char*>(entry->d_name));
      next += entry->d_reclen;
    }
  }
}

// The paths of what has names of one length in a directory: suffixes, or hashes.
std::vector<std::string> paths_of_length(const std::string& path, std::size_t length) {
  std::vector<std::string> paths;
  for_each_name(open_directory(path), path, [&](const char* name) {
    if (std::string_view(name).size() != length || name[0] == '.') return;
    paths.push_back(path);
    paths.back().append("/").append(name);
  });
  return paths;
}

void check_object(const Fd& directory, const char* name, const std::string& path) {
  const Fd fd(::openat(directory.get(), name, O_RDONLY | O_CLOEXEC));
  if (!fd) throw_os_error(path + "/" + name);
  struct stat status {};
  std::array<char, kMetadataRoom> room;
  if (::fstat(fd.get(), &status) != 0 ||
      ::fgetxattr(fd.get(), "user.swift.metadata", room.data(), room.size()) < 0 ||
      ::fgetxattr(fd.get(), "user.swift.metadata_checksum", room.data(), room.size()) < 0) {
    throw_os_error(path + "/" + name);
  }
}

}  // namespace

std::vector<std::string> hash_directories(const std::string& partition) {
  std::vector<std::string> directories;
  for (const std::string& suffix : paths_of_length(partition, kSuffixLength)) {
    for (std::string& directory : paths_of_length(suffix, kHashLength)) {
      directories.push_back(std::move(directory));
    }
  }
  return directories;
}

Reading check_objects(const std::vector<std::string>& directories, std::size_t threads) {
  std::atomic<std::size_t> objects = 0;
  const Stopwatch stopwatch;
  run_parallel(threads, [&](std::size_t thread) {
    std::size_t found = 0;
    for (std::size_t number = thread; number < directories.size(); number += threads) {
      const std::string& path = directories[number];
      const Fd directory = open_directory(path);
      for_each_name(directory, path, [&](const char* name) {
        if (!std::string_view(name).ends_with(".data")) return;
        check_object(directory, name, path);
        ++found;
      });
    }
    objects += found;
  });
  return {objects, stopwatch.elapsed()};
}

Reading walk_partition(const std::string& partition) {
  Reading reading;
  const Stopwatch stopwatch;
  for (const std::string& path : hash_directories(partition)) {
    for_each_name(open_directory(path), path, [&](const char* name) {
      if (std::string_view(name).ends_with(".data")) ++reading.objects;
    });
  }
  reading.duration = stopwatch.elapsed();
  return reading;
}

}  // namespace ssync::bench
