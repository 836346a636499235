// The limit of writing objects: the system calls that put durable files with metadata in a partition, nothing
// else.
#pragma once

#include <cstddef>
#include <string>

#include "tests/bench/stopwatch.h"

namespace ssync::bench {

struct WriteLoad {
  std::string partition;  // its directory, made if it is not there
  std::string temporary;  // a directory of the same file system, where each file is written first
  std::size_t objects = 0;
  std::size_t size = 0;   // bytes of each
  std::size_t first = 0;  // the number of the first object: another number is another name
};

// Each object is written, synced, moved to a directory of its own, and that directory synced, by one of the
// threads. Throws OsError.
Duration write_one_by_one(const WriteLoad& load, std::size_t threads);

// One thread. The files of a batch are written, then syncfs(2), then moved to their directories, then syncfs
// again. Throws OsError.
Duration write_in_batches(const WriteLoad& load, std::size_t batch);

}  // namespace ssync::bench
