#include "worker/recon/regular_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <stdexcept>
#include <utility>

#include "common/os/errors.h"

namespace ssync {
namespace {

constexpr std::size_t kPiece = 64UL * 1024;

}  // namespace

Fd open_regular_file(const std::string& path) {
  Fd file = open_file(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) throw_os_error(path);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) throw_os_error(path);
  if (!S_ISREG(status.st_mode)) throw std::runtime_error(path + ": not a regular file; remove it");
  return file;
}

std::optional<std::string> read_at_most(const Fd& file, const std::string& path, std::size_t limit) {
  std::string content;
  while (content.size() <= limit) {
    // Files in /proc do not tell their size.
    const std::size_t size = content.size();
    content.resize(size + kPiece);
    const ssize_t got = ::read(file.get(), content.data() + size, kPiece);
    if (got < 0 && errno != EINTR) throw_os_error(path);
    content.resize(size + (got > 0 ? static_cast<std::size_t>(got) : 0));
    if (got == 0) return content;
  }
  return std::nullopt;
}

std::string read_regular_file(const std::string& path) {
  auto content = read_at_most(open_regular_file(path), path, kLargestFile);
  if (!content) {
    throw std::runtime_error(path + ": larger than " + std::to_string(kLargestFile) + " bytes; remove it");
  }
  return *std::move(content);
}

}  // namespace ssync
