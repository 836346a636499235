// The path of a temporary file.
#pragma once

#include <string>
#include <utility>

namespace ssync {

// The file is removed on destruction, unless let_go() was called. Empty: no file.
class TemporaryPath {
 public:
  TemporaryPath() = default;
  ~TemporaryPath();
  TemporaryPath(const TemporaryPath&) = delete;
  TemporaryPath& operator=(const TemporaryPath&) = delete;

  void set(std::string path) { path_ = std::move(path); }
  void let_go() noexcept { path_.clear(); }
  [[nodiscard]] const std::string& get() const noexcept { return path_; }

 private:
  std::string path_;
};

}  // namespace ssync
