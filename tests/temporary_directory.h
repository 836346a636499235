// A directory of a test's own under $TMPDIR, removed with all that is in it.
#pragma once

#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

namespace ssync {

class TemporaryDirectory {
 public:
  TemporaryDirectory() : path_(std::filesystem::temp_directory_path() / "ssync_test.XXXXXX") {
    if (::mkdtemp(path_.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), "cannot make " + path_);
    }
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  // Makes or replaces a file in it.
  void write(const std::string& name, std::string_view contents) const {
    std::ofstream file(path_ + "/" + name, std::ios::binary | std::ios::trunc);
    if (!(file << contents).flush()) throw std::runtime_error("cannot write " + path_ + "/" + name);
  }

 private:
  std::string path_;
};

}  // namespace ssync
