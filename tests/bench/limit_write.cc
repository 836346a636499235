#include "tests/bench/limit_write.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <vector>

#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/md5.h"
#include "tests/bench/parallel.h"

namespace ssync::bench {
namespace {

// As long as the pickled metadata and its MD5 are of an object with one header of a user's.
constexpr std::size_t kMetadataSize = 300;
constexpr std::size_t kChecksumSize = 32;
// What is written at once.
constexpr std::size_t kPieceSize = std::size_t{1} << 16;

void make_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) != 0 && errno != EEXIST) throw_os_error(path);
}

void set_attribute(int fd, const char* name, std::size_t size, const std::string& path) {
  const std::string value(size, 'm');
  if (::fsetxattr(fd, name, value.data(), value.size(), 0) != 0) throw_os_error(path);
}

// An object's paths, made before the clock runs.
struct Place {
  std::string temporary;
  std::string suffix_directory;
  std::string directory;
  std::string file;
};

std::vector<Place> places(const WriteLoad& load) {
  std::vector<Place> result;
  result.reserve(load.objects);
  // Several of these programs may write to one device at once.
  const std::string prefix = load.temporary + "/limit-" + std::to_string(::getpid()) + "-";
  for (std::size_t number = load.first; number < load.first + load.objects; ++number) {
    const std::string hash = md5_hex(std::to_string(number));
    Place place;
    place.temporary = prefix + hash;
    place.suffix_directory = load.partition + "/" + hash.substr(hash.size() - 3);
    place.directory = place.suffix_directory + "/" + hash;
    place.file = place.directory + "/1700000000.00000.data";
    result.push_back(std::move(place));
  }
  return result;
}

Fd stage(const Place& place, std::size_t size, std::string_view piece) {
  Fd fd = open_file(place.temporary, O_CREAT | O_EXCL | O_WRONLY, 0644);
  if (!fd) throw_os_error(place.temporary);
  for (std::size_t left = size; left != 0;) {
    const std::size_t now = std::min(left, piece.size());
    write_all(fd.get(), piece.substr(0, now), place.temporary);
    left -= now;
  }
  set_attribute(fd.get(), "user.swift.metadata", kMetadataSize, place.temporary);
  set_attribute(fd.get(), "user.swift.metadata_checksum", kChecksumSize, place.temporary);
  return fd;
}

void publish(const Place& place) {
  make_directory(place.suffix_directory);
  make_directory(place.directory);
  if (::rename(place.temporary.c_str(), place.file.c_str()) != 0) {
    throw OsError(errno, place.temporary, place.file);
  }
}

void sync_file_system(const Fd& fd, const std::string& path) {
  if (::syncfs(fd.get()) != 0) throw_os_error(path);
}

}  // namespace

Duration write_one_by_one(const WriteLoad& load, std::size_t threads) {
  const std::vector<Place> all = places(load);
  const std::string piece(kPieceSize, 'x');
  make_directory(load.partition);
  const Stopwatch stopwatch;
  run_parallel(threads, [&](std::size_t thread) {
    for (std::size_t number = thread; number < all.size(); number += threads) {
      const Fd fd = stage(all[number], load.size, piece);
      sync_file(fd.get(), all[number].temporary);
      publish(all[number]);
      sync_directory(all[number].directory);
    }
  });
  return stopwatch.elapsed();
}

Duration write_in_batches(const WriteLoad& load, std::size_t batch) {
  const std::vector<Place> all = places(load);
  const std::string piece(kPieceSize, 'x');
  make_directory(load.partition);
  const Fd partition = open_file(load.partition, O_RDONLY | O_DIRECTORY);
  if (!partition) throw_os_error(load.partition);
  std::vector<Fd> staged;
  const Stopwatch stopwatch;
  for (std::size_t begin = 0; begin < all.size(); begin += batch) {
    const std::size_t end = std::min(begin + batch, all.size());
    for (std::size_t number = begin; number < end; ++number) {
      staged.push_back(stage(all[number], load.size, piece));
    }
    sync_file_system(partition, load.partition);
    for (std::size_t number = begin; number < end; ++number) publish(all[number]);
    sync_file_system(partition, load.partition);
    staged.clear();
  }
  return stopwatch.elapsed();
}

}  // namespace ssync::bench
