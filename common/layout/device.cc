#include "common/layout/device.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "common/os/errors.h"
#include "common/python/url.h"

namespace ssync {
namespace {

bool is_mounted(const std::string& path) {
  struct stat own {};
  struct stat above {};
  struct stat stub {};
  if (::lstat(path.c_str(), &own) != 0) return false;
  const bool has_stub = ::stat((path + "/.ismount").c_str(), &stub) == 0 && S_ISREG(stub.st_mode);
  if (S_ISLNK(own.st_mode)) return has_stub;
  if (::lstat((path + "/..").c_str(), &above) != 0) return false;
  return own.st_dev != above.st_dev || own.st_ino == above.st_ino || has_stub;
}

}  // namespace

std::optional<std::string> usable_device(const DiskSettings& settings, const std::string& device) {
  if (python::quote_plus(device) != device) return std::nullopt;
  std::string path = settings.devices + "/" + device;
  struct stat status {};
  const bool usable =
      settings.mount_check ? is_mounted(path) : ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  if (!usable) return std::nullopt;
  return path;
}

bool has_free_space(const FallocateReserve& reserve, const std::string& path, std::int64_t size) {
  if (reserve.amount == 0) return true;
  struct statvfs status {};
  if (::statvfs(path.c_str(), &status) != 0) throw_os_error(path);
  const double block = static_cast<double>(status.f_frsize);
  double free = block * static_cast<double>(status.f_bavail) - static_cast<double>(size);
  if (reserve.is_percent) free = free / (block * static_cast<double>(status.f_blocks)) * 100;
  return free > reserve.amount;
}

}  // namespace ssync
