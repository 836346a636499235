#include "common/store/lone_marks.h"

#include <unistd.h>

#include <cerrno>
#include <string>

#include "common/os/errors.h"

namespace ssync {

void remove_lone_marks(const DiskFile& file, const Timestamp& stored) {
  if (file.files() == nullptr) return;
  for (const ObjectFile& mark : file.files()->lone_marks) {
    if (mark.timestamp <= stored) continue;
    const std::string path = file.hash_dir() + "/" + mark.name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) throw_os_error(path);
  }
}

}  // namespace ssync
