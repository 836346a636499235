// A ring whose file is read again when it changes.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "common/os/file_identity.h"
#include "common/ring/ring.h"

namespace ssync {

// All functions may be called by any thread. Whoever holds a ring keeps it, with its devices, while another
// is read.
class WatchedRing {
 public:
  // Throws RingError.
  explicit WatchedRing(std::string path);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  // The ring that was read last. Never null.
  [[nodiscard]] std::shared_ptr<const Ring> get() const;

  // True if the file is another than the one that was read, or tried, last: by its time, size and inode,
  // where Swift compares the time alone (Ring.has_changed). A file that has gone is another.
  [[nodiscard]] bool has_changed() const;

  // Reads it again if it has changed (Ring._reload): true if there is a new ring. A file that is no ring
  // leaves the one before, which is logged as an error, and is not tried again until it changes again.
  bool reload();

 private:
  // nullopt if there is no file.
  [[nodiscard]] static std::optional<FileIdentity> identity_of(const std::string& path);

  const std::string path_;
  std::mutex reloading_;
  mutable std::mutex mutex_;  // of what follows
  std::optional<FileIdentity> tried_;
  std::shared_ptr<const Ring> ring_;
};

}  // namespace ssync
