// The file with the process id of the pool's master.
#pragma once

#include <string>

namespace ssync {

// Removed by the destructor, unless another process has overwritten it.
class PidFile {
 public:
  // Empty path: no file. Throws ConfigError if it cannot be written.
  explicit PidFile(std::string path);
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

 private:
  std::string path_;
};

}  // namespace ssync
