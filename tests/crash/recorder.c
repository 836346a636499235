// A library to preload into a worker that writes down every file system call on a device that changes
// something or makes it durable, and what the worker answers. tests/crash rebuilds from it what a crash at
// any moment may leave.
//
// SSYNC_RECORD names the file that records are appended to, SSYNC_RECORD_DEVICE the device's directory. A
// call is two records, one before it and one after it. Appending is atomic, so the order in the file is an
// order in time for all threads and processes: what stands between the two records of a call may have
// happened before or after it. A thread makes one call at a time. Files are known by their inodes' numbers,
// names by the inode of their directory.
//
// SSYNC_RECORD_SYNC_US lets each fsync, fdatasync and syncfs take so many microseconds longer, as on a disk,
// so that threads meet within them. If a file "<file of records>.kill" is there, its number says before which
// call from then on the process is killed (SIGKILL); it is removed by that.
//
// Not seen: what does not go through these functions (io_uring, system calls made by hand, sendfile). The
// reader compares the rebuilt device with the real one, so that none of it goes unnoticed.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

#define INTERPOSER "recorder"
#include "tests/interposed_calls.h"

// The numbers are those of recording.py.
enum call {
  CALL_OPEN,
  CALL_MKDIR,
  CALL_WRITE,
  CALL_TRUNCATE,
  CALL_FALLOCATE,
  CALL_SETXATTR,
  CALL_REMOVEXATTR,
  CALL_LINK,
  CALL_RENAME,
  CALL_UNLINK,
  CALL_RMDIR,
  CALL_FSYNC,
  CALL_FDATASYNC,
  CALL_SYNCFS,
  CALL_SYNC_FILE_RANGE,
  CALL_ANSWER,
};

// Followed by the name, the other name and the data. All that is in it is also in recording.py.
struct record {
  uint32_t size;  // of all
  uint8_t ended;
  uint8_t call;
  uint16_t name_size;
  uint16_t to_name_size;
  uint16_t unused;
  uint32_t data_size;
  uint32_t thread;
  int32_t error;
  int32_t flags;
  int32_t padding;
  int64_t result;
  uint64_t file;
  uint64_t directory;
  uint64_t to_directory;
  int64_t offset;
  int64_t length;
};

enum { ANSWER_SIZE = 512, TEXT_SIZE = 32 };

// System calls of our own go to the kernel and not through the functions below.
static int raw_open(const char* path, int flags) {
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0644);
}

// The inode's number, or 0. (A path that is empty is the descriptor itself.)
static uint64_t inode_at(int directory, const char* path, int flags) {
  struct stat status;
  if (syscall(SYS_newfstatat, directory, path, &status, flags | AT_EMPTY_PATH) != 0) return 0;
  return status.st_ino;
}

static uint64_t inode_of(int fd) { return inode_at(fd, "", 0); }

static bool path_of(int fd, char path[PATH_MAX]) {
  char link[TEXT_SIZE];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const long size = syscall(SYS_readlink, link, path, PATH_MAX - 1);
  if (size < 0) return false;
  path[size] = '\0';
  return true;
}

static bool is_on_device(const char* path) {
  const char* device = getenv("SSYNC_RECORD_DEVICE");
  if (device == NULL) return false;
  const size_t length = strlen(device);
  return strncmp(path, device, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static bool is_watched(int fd) {
  const int saved = errno;
  char path[PATH_MAX];
  const bool found = path_of(fd, path) && is_on_device(path);
  errno = saved;
  return found;
}

// A name in a directory, or a directory itself.
struct place {
  char path[2 * PATH_MAX];
  const char* name;
  uint64_t directory;
};

// False if it is not in the device's directory.
static bool find_place(struct place* place, int directory, const char* path) {
  const int saved = errno;
  bool found = path != NULL;
  place->path[0] = '\0';
  if (found && path[0] != '/') {
    found = directory == AT_FDCWD ? getcwd(place->path, PATH_MAX) != NULL : path_of(directory, place->path);
    if (found && path[0] != '\0') strcat(place->path, "/");
  }
  found = found && strlen(path) < PATH_MAX;
  if (found) strcat(place->path, path);
  char* slash = found ? strrchr(place->path, '/') : NULL;
  if (slash != NULL) *slash = '\0';
  found = slash != NULL && is_on_device(place->path);
  if (found) {
    place->name = slash + 1;
    place->directory = inode_at(AT_FDCWD, place->path, 0);
  }
  errno = saved;
  return found;
}

static void kill_if_told(const char* records_path) {
  char path[PATH_MAX];
  char count_path[PATH_MAX + TEXT_SIZE];
  snprintf(path, sizeof path, "%s.kill", records_path);
  int fd = raw_open(path, O_RDONLY);
  if (fd < 0) return;
  char text[TEXT_SIZE] = "";
  syscall(SYS_read, fd, text, sizeof text - 1);
  syscall(SYS_close, fd);
  snprintf(count_path, sizeof count_path, "%s.count", path);
  fd = raw_open(count_path, O_WRONLY | O_APPEND | O_CREAT);
  if (fd < 0) return;
  syscall(SYS_write, fd, "x", 1UL);
  const long calls = syscall(SYS_lseek, fd, 0L, SEEK_CUR);
  syscall(SYS_close, fd);
  if (calls == atol(text) && syscall(SYS_unlink, path) == 0) kill(getpid(), SIGKILL);
}

static void append(struct record* record, const char* name, const char* to_name, const void* data) {
  const char* path = getenv("SSYNC_RECORD");
  const int fd = path == NULL ? -1 : raw_open(path, O_WRONLY | O_APPEND | O_CREAT);
  if (fd < 0) {
    fprintf(stderr, "recorder: cannot record\n");
    abort();
  }
  record->name_size = (uint16_t)strlen(name);
  record->to_name_size = (uint16_t)strlen(to_name);
  record->size = (uint32_t)(sizeof *record + record->name_size + record->to_name_size + record->data_size);
  const struct iovec parts[] = {
      {record, sizeof *record},
      {(void*)(uintptr_t)name, record->name_size},
      {(void*)(uintptr_t)to_name, record->to_name_size},
      {(void*)(uintptr_t)data, record->data_size},
  };
  const long written = syscall(SYS_writev, fd, parts, 4UL);
  syscall(SYS_close, fd);
  if (written != (long)record->size) {
    fprintf(stderr, "recorder: %s is full\n", path);
    abort();
  }
}

// What is known of a call before it is made. data_size is that of data.
static void begin(struct record* record, enum call call, const char* name, const char* to_name,
                  const void* data) {
  const int saved = errno;
  record->call = (uint8_t)call;
  record->thread = (uint32_t)syscall(SYS_gettid);
  const char* path = getenv("SSYNC_RECORD");
  if (path != NULL) kill_if_told(path);
  append(record, name, to_name, data);
  errno = saved;
}

// The same once it has returned, with what is known only then; errno is still the call's.
static int end(struct record* record, int64_t result, const char* name) {
  const int saved = errno;
  record->ended = 1;
  record->result = result;
  record->error = result < 0 ? saved : 0;
  record->data_size = 0;
  append(record, name, "", "");
  errno = saved;
  return (int)result;
}

// Where off_t has 64 bits they are one function.
#define SAME(result, name, other, types) result name types __attribute__((alias(#other)))

// Opening.

static bool changes(int flags) {
  return (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

static int end_open(struct record* record, int fd, const char* name) {
  const int saved = errno;
  if (fd >= 0) record->file = inode_of(fd);
  errno = saved;
  return end(record, fd, name);
}

int openat(int directory, const char* path, int flags, ...) {
  FORWARD(int, openat, (int, const char*, int, ...));
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  struct place place;
  if (!changes(flags) || !find_place(&place, directory, path)) return real(directory, path, flags, mode);
  struct record record = {.flags = flags, .directory = place.directory};
  begin(&record, CALL_OPEN, place.name, "", "");
  return end_open(&record, real(directory, path, flags, mode), "");
}
SAME(int, openat64, openat, (int directory, const char* path, int flags, ...));

int open(const char* path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  const mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return openat(AT_FDCWD, path, flags, mode);
}
SAME(int, open64, open, (const char* path, int flags, ...));

// What FORTIFY makes of an open() without a mode.
int __open_2(const char* path, int flags);
int __open64_2(const char* path, int flags);
int __open_2(const char* path, int flags) { return openat(AT_FDCWD, path, flags, 0); }
int __open64_2(const char* path, int flags) { return openat(AT_FDCWD, path, flags, 0); }

// The name is known only when the file is there.
int mkostemps(char* path, int suffix, int flags) {
  FORWARD(int, mkostemps, (char*, int, int));
  struct place place;
  if (!find_place(&place, AT_FDCWD, path)) return real(path, suffix, flags);
  struct record record = {.flags = O_CREAT | O_EXCL, .directory = place.directory};
  begin(&record, CALL_OPEN, "", "", "");
  const int fd = real(path, suffix, flags);
  const char* slash = strrchr(path, '/');
  return end_open(&record, fd, slash == NULL ? path : slash + 1);
}
int mkostemp(char* path, int flags) { return mkostemps(path, 0, flags); }

// Writing.

// What a session comes to, if these bytes for nginx say it.
static void answer(int fd, const struct iovec* parts, size_t count) {
  static const char* const kMarkers[] = {":UPDATES: END", ":ERROR:"};
  const int saved = errno;
  char path[PATH_MAX];
  const bool is_socket = path_of(fd, path) && strncmp(path, "socket:", strlen("socket:")) == 0;
  for (size_t i = 0; is_socket && i < count; ++i) {
    for (size_t j = 0; j < sizeof kMarkers / sizeof *kMarkers; ++j) {
      const char* start = parts[i].iov_base;
      const char* found = memmem(start, parts[i].iov_len, kMarkers[j], strlen(kMarkers[j]));
      if (found == NULL) continue;
      const size_t left = parts[i].iov_len - (size_t)(found - start);
      struct record record = {.data_size = (uint32_t)(left < ANSWER_SIZE ? left : ANSWER_SIZE)};
      begin(&record, CALL_ANSWER, "", "", found);
      end(&record, 0, "");
      break;
    }
  }
  errno = saved;
}

// A write at a place of the file, or at the descriptor's own (negative).
static void begin_write(struct record* record, int fd, const struct iovec* parts, size_t count, int64_t at) {
  const int saved = errno;
  size_t size = 0;
  for (size_t i = 0; i < count; ++i) size += parts[i].iov_len;
  char* all = malloc(size + 1);
  if (all == NULL) abort();
  char* to = all;
  for (size_t i = 0; i < count; ++i) to = mempcpy(to, parts[i].iov_base, parts[i].iov_len);
  *record = (struct record){.file = inode_of(fd), .offset = at, .data_size = (uint32_t)size};
  begin(record, CALL_WRITE, "", "", all);
  free(all);
  errno = saved;
}

static ssize_t end_write(struct record* record, int fd, ssize_t written) {
  const int saved = errno;
  if (written >= 0 && record->offset < 0) record->offset = syscall(SYS_lseek, fd, 0L, SEEK_CUR) - written;
  errno = saved;
  end(record, written, "");
  return written;
}

ssize_t write(int fd, const void* from, size_t size) {
  FORWARD(ssize_t, write, (int, const void*, size_t));
  const struct iovec part = {(void*)(uintptr_t)from, size};
  if (!is_watched(fd)) {
    answer(fd, &part, 1);
    return real(fd, from, size);
  }
  struct record record;
  begin_write(&record, fd, &part, 1, -1);
  return end_write(&record, fd, real(fd, from, size));
}

ssize_t writev(int fd, const struct iovec* parts, int count) {
  FORWARD(ssize_t, writev, (int, const struct iovec*, int));
  if (!is_watched(fd)) {
    answer(fd, parts, (size_t)count);
    return real(fd, parts, count);
  }
  struct record record;
  begin_write(&record, fd, parts, (size_t)count, -1);
  return end_write(&record, fd, real(fd, parts, count));
}

ssize_t pwrite(int fd, const void* from, size_t size, off_t at) {
  FORWARD(ssize_t, pwrite, (int, const void*, size_t, off_t));
  if (!is_watched(fd)) return real(fd, from, size, at);
  const struct iovec part = {(void*)(uintptr_t)from, size};
  struct record record;
  begin_write(&record, fd, &part, 1, at);
  return end_write(&record, fd, real(fd, from, size, at));
}
SAME(ssize_t, pwrite64, pwrite, (int fd, const void* from, size_t size, off64_t at));

ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t at) {
  FORWARD(ssize_t, pwritev, (int, const struct iovec*, int, off_t));
  if (!is_watched(fd)) return real(fd, parts, count, at);
  struct record record;
  begin_write(&record, fd, parts, (size_t)count, at);
  return end_write(&record, fd, real(fd, parts, count, at));
}
SAME(ssize_t, pwritev64, pwritev, (int fd, const struct iovec* parts, int count, off64_t at));

ssize_t send(int fd, const void* from, size_t size, int flags) {
  FORWARD(ssize_t, send, (int, const void*, size_t, int));
  const struct iovec part = {(void*)(uintptr_t)from, size};
  answer(fd, &part, 1);
  return real(fd, from, size, flags);
}

ssize_t sendmsg(int fd, const struct msghdr* message, int flags) {
  FORWARD(ssize_t, sendmsg, (int, const struct msghdr*, int));
  answer(fd, message->msg_iov, message->msg_iovlen);
  return real(fd, message, flags);
}

int ftruncate(int fd, off_t length) {
  FORWARD(int, ftruncate, (int, off_t));
  if (!is_watched(fd)) return real(fd, length);
  struct record record = {.file = inode_of(fd), .length = length};
  begin(&record, CALL_TRUNCATE, "", "", "");
  return end(&record, real(fd, length), "");
}
SAME(int, ftruncate64, ftruncate, (int fd, off64_t length));

int fallocate(int fd, int mode, off_t at, off_t length) {
  FORWARD(int, fallocate, (int, int, off_t, off_t));
  if (!is_watched(fd)) return real(fd, mode, at, length);
  struct record record = {.file = inode_of(fd), .flags = mode, .offset = at, .length = length};
  begin(&record, CALL_FALLOCATE, "", "", "");
  return end(&record, real(fd, mode, at, length), "");
}
SAME(int, fallocate64, fallocate, (int fd, int mode, off64_t at, off64_t length));

// Extended attributes.

int fsetxattr(int fd, const char* name, const void* from, size_t size, int flags) {
  FORWARD(int, fsetxattr, (int, const char*, const void*, size_t, int));
  if (!is_watched(fd)) return real(fd, name, from, size, flags);
  struct record record = {.file = inode_of(fd), .flags = flags, .data_size = (uint32_t)size};
  begin(&record, CALL_SETXATTR, name, "", from);
  return end(&record, real(fd, name, from, size, flags), "");
}

int setxattr(const char* path, const char* name, const void* from, size_t size, int flags) {
  FORWARD(int, setxattr, (const char*, const char*, const void*, size_t, int));
  struct place place;
  if (!find_place(&place, AT_FDCWD, path)) return real(path, name, from, size, flags);
  struct record record = {.file = inode_at(AT_FDCWD, path, 0), .flags = flags, .data_size = (uint32_t)size};
  begin(&record, CALL_SETXATTR, name, "", from);
  return end(&record, real(path, name, from, size, flags), "");
}

int fremovexattr(int fd, const char* name) {
  FORWARD(int, fremovexattr, (int, const char*));
  if (!is_watched(fd)) return real(fd, name);
  struct record record = {.file = inode_of(fd)};
  begin(&record, CALL_REMOVEXATTR, name, "", "");
  return end(&record, real(fd, name), "");
}

int removexattr(const char* path, const char* name) {
  FORWARD(int, removexattr, (const char*, const char*));
  struct place place;
  if (!find_place(&place, AT_FDCWD, path)) return real(path, name);
  struct record record = {.file = inode_at(AT_FDCWD, path, 0)};
  begin(&record, CALL_REMOVEXATTR, name, "", "");
  return end(&record, real(path, name), "");
}

// Names.

int mkdirat(int directory, const char* path, mode_t mode) {
  FORWARD(int, mkdirat, (int, const char*, mode_t));
  struct place place;
  if (!find_place(&place, directory, path)) return real(directory, path, mode);
  struct record record = {.directory = place.directory};
  begin(&record, CALL_MKDIR, place.name, "", "");
  const int result = real(directory, path, mode);
  const int saved = errno;
  if (result == 0) record.file = inode_at(directory, path, 0);
  errno = saved;
  return end(&record, result, "");
}
int mkdir(const char* path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

int linkat(int from_directory, const char* from, int to_directory, const char* to, int flags) {
  FORWARD(int, linkat, (int, const char*, int, const char*, int));
  struct place place;
  if (!find_place(&place, to_directory, to)) return real(from_directory, from, to_directory, to, flags);
  const int follow = (flags & AT_SYMLINK_FOLLOW) != 0 ? 0 : AT_SYMLINK_NOFOLLOW;
  struct record record = {
      .flags = flags, .file = inode_at(from_directory, from, follow), .directory = place.directory};
  begin(&record, CALL_LINK, place.name, "", "");
  return end(&record, real(from_directory, from, to_directory, to, flags), "");
}
int link(const char* from, const char* to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

int renameat2(int from_directory, const char* from, int to_directory, const char* to, unsigned flags) {
  FORWARD(int, renameat2, (int, const char*, int, const char*, unsigned));
  struct place place;
  struct place target;
  if (!find_place(&place, from_directory, from) || !find_place(&target, to_directory, to)) {
    return real(from_directory, from, to_directory, to, flags);
  }
  struct record record = {.flags = (int)flags,
                          .file = inode_at(from_directory, from, AT_SYMLINK_NOFOLLOW),
                          .directory = place.directory,
                          .to_directory = target.directory};
  begin(&record, CALL_RENAME, place.name, target.name, "");
  return end(&record, real(from_directory, from, to_directory, to, flags), "");
}
int renameat(int from_directory, const char* from, int to_directory, const char* to) {
  return renameat2(from_directory, from, to_directory, to, 0);
}
int rename(const char* from, const char* to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

int unlinkat(int directory, const char* path, int flags) {
  FORWARD(int, unlinkat, (int, const char*, int));
  struct place place;
  if (!find_place(&place, directory, path)) return real(directory, path, flags);
  struct record record = {
      .flags = flags, .file = inode_at(directory, path, AT_SYMLINK_NOFOLLOW), .directory = place.directory};
  begin(&record, (flags & AT_REMOVEDIR) != 0 ? CALL_RMDIR : CALL_UNLINK, place.name, "", "");
  return end(&record, real(directory, path, flags), "");
}
int unlink(const char* path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char* path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }

// Making it durable.

static int sync_call(enum call call, int (*real)(int), int fd) {
  if (!is_watched(fd)) return real(fd);
  struct record record = {.file = inode_of(fd)};
  begin(&record, call, "", "", "");
  const int result = real(fd);
  const char* microseconds = getenv("SSYNC_RECORD_SYNC_US");
  const int saved = errno;
  if (microseconds != NULL) usleep((useconds_t)atoi(microseconds));
  errno = saved;
  return end(&record, result, "");
}

int fsync(int fd) {
  FORWARD(int, fsync, (int));
  return sync_call(CALL_FSYNC, real, fd);
}

int fdatasync(int fd) {
  FORWARD(int, fdatasync, (int));
  return sync_call(CALL_FDATASYNC, real, fd);
}

int syncfs(int fd) {
  FORWARD(int, syncfs, (int));
  return sync_call(CALL_SYNCFS, real, fd);
}

int sync_file_range(int fd, off64_t at, off64_t length, unsigned flags) {
  FORWARD(int, sync_file_range, (int, off64_t, off64_t, unsigned));
  if (!is_watched(fd)) return real(fd, at, length, flags);
  struct record record = {.file = inode_of(fd), .flags = (int)flags, .offset = at, .length = length};
  begin(&record, CALL_SYNC_FILE_RANGE, "", "", "");
  return end(&record, real(fd, at, length, flags), "");
}
