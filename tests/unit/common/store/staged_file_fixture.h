// An object's file before it is published, on a device of a test's own.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/store/staged_file.h"
#include "tests/unit/temporary_device.h"

namespace ssync {

inline constexpr char kTime[] = "1700000001.00000";

class StagedFileFixture : public ::testing::Test {
 protected:
  std::unique_ptr<StagedFile> writer(FileKind kind = FileKind::data, std::int64_t size = 5) {
    return std::make_unique<StagedFile>(device_.partition(), name_, kind, size, unsynced_);
  }
  static Metadata metadata(const std::string& time = kTime, const std::string& content_type_time = "") {
    Metadata result;
    result.set("X-Timestamp", time);
    result.set("Content-Length", "5");
    if (!content_type_time.empty()) result.set("Content-Type-Timestamp", content_type_time);
    return result;
  }
  // Everything below the device, files' names with their directories.
  [[nodiscard]] std::vector<std::string> tree() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(device_.path())) {
      paths.push_back(entry.path().string().substr(device_.path().size() + 1));
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }
  [[nodiscard]] std::vector<std::string> empty_hash_dir() const {
    const std::string hash = device_.hash_of(name_);
    const std::string suffix = "objects/7/" + hash.substr(29);
    return {"objects", "objects/7", suffix, suffix + "/" + hash};
  }
  TemporaryDevice device_;
  const ObjectName name_{"a", "c", "o"};
  UnsyncedDirectories unsynced_;
};

}  // namespace ssync
