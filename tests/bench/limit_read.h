// The limits of looking objects up: the system calls that reading them from a partition takes, nothing else.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/bench/stopwatch.h"

namespace ssync::bench {

struct Reading {
  std::size_t objects = 0;
  Duration duration;
};

// The paths of a partition's hash directories, suffix by suffix. Throws OsError.
std::vector<std::string> hash_directories(const std::string& partition);

// What a missing check needs: each hash directory is listed, and its .data file opened, its status and its
// metadata read. Throws OsError.
Reading check_objects(const std::vector<std::string>& directories, std::size_t threads);

// What hashing all suffixes needs: the partition is listed, and each suffix and hash directory in it. Throws
// OsError.
Reading walk_partition(const std::string& partition);

}  // namespace ssync::bench
