// A library to preload that makes chosen system calls fail for chosen paths, as a damaged or full disk would.
// Both Swift's object server and ours run under it in tests/e2e, so that the same fault hits both.
//
// SSYNC_FAULTS names a file of rules, which is read again for each call, so that one running server serves
// many cases. A rule is a line "<operation> <errno> <pattern>"; the first whose operation is the call's and
// whose fnmatch(3) pattern matches the path makes the call fail without being made. A call on a descriptor
// has the path that the kernel gives for it: an unnamed file is "<directory>/#<inode> (deleted)". Each
// failure is a line "<operation> <path>" in "<file of rules>.hits". An errno with "@<k>" after it is for the
// k-th matching call only, with "@<k>+" for that and all later ones; "<file of rules>.calls" counts them, a
// byte for each, over all rules that count.
//
//   open      open, openat, opendir, mkostemp, mkostemps      mkdir      mkdir, mkdirat
//   tmpfile   open, openat with O_TMPFILE: the directory      rmdir      rmdir, unlinkat
//   list      readdir, getdents64                             unlink     unlink, unlinkat
//   read      read, pread                                     link       link, linkat: the new path
//   write     write, pwrite                                   rename     rename, renameat(2): either path
//   stat      stat, lstat, fstat, fstatat                     fsync      fsync
//   getxattr  getxattr, lgetxattr, fgetxattr                  fdatasync  fdatasync
//   setxattr  setxattr, fsetxattr                             syncfs     syncfs
//   statvfs   statvfs, fstatvfs                               fallocate  fallocate
//                                                             flock      flock
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#define INTERPOSER "fault_injection"
#include "tests/interposed_calls.h"

// Long enough for the rules of any test; what is beyond is not read.
enum { RULES_SIZE = 16384, HIT_SIZE = PATH_MAX + 32 };

// System calls of our own go to the kernel and not through the functions below.
static int raw_open(const char* path, int flags) {
  return (int)syscall(SYS_openat, AT_FDCWD, path, flags, 0644);
}

static void record(const char* rules_path, const char* operation, const char* path) {
  char hits_path[PATH_MAX];
  snprintf(hits_path, sizeof hits_path, "%s.hits", rules_path);
  char line[HIT_SIZE];
  snprintf(line, sizeof line, "%s %s\n", operation, path);
  const int fd = raw_open(hits_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC);
  if (fd < 0) return;
  syscall(SYS_write, fd, line, strlen(line));
  syscall(SYS_close, fd);
}

// The number of this call, from 1.
static long count_call(const char* rules_path) {
  char calls_path[PATH_MAX];
  snprintf(calls_path, sizeof calls_path, "%s.calls", rules_path);
  const int fd = raw_open(calls_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC);
  if (fd < 0) return 0;
  syscall(SYS_write, fd, "x", 1UL);
  const long calls = syscall(SYS_lseek, fd, 0L, SEEK_CUR);
  syscall(SYS_close, fd);
  return calls;
}

// The errno of the first rule for the operation whose pattern matches the path; 0 if there is none.
static int find_rule(const char* rules_path, char* rules, const char* operation, const char* path) {
  char* rest = rules;
  for (char* line = strsep(&rest, "\n"); line != NULL; line = strsep(&rest, "\n")) {
    const char* name = strsep(&line, " ");
    const char* error = strsep(&line, " ");
    if (line == NULL || strcmp(name, operation) != 0) continue;
    if (fnmatch(line, path, 0) != 0) continue;
    const char* at = strchr(error, '@');
    if (at == NULL) return atoi(error);
    const long call = count_call(rules_path);
    const long chosen = atol(at + 1);
    return call == chosen || (call > chosen && strchr(at, '+') != NULL) ? atoi(error) : 0;
  }
  return 0;
}

// True, with errno set, if the operation is to fail for this path.
static bool fails(const char* operation, const char* path) {
  const char* rules_path = getenv("SSYNC_FAULTS");
  if (rules_path == NULL || path == NULL) return false;
  const int saved = errno;
  int error = 0;
  const int fd = raw_open(rules_path, O_RDONLY | O_CLOEXEC);
  if (fd >= 0) {
    char rules[RULES_SIZE];
    const long size = syscall(SYS_read, fd, rules, sizeof rules - 1);
    syscall(SYS_close, fd);
    if (size > 0) {
      rules[size] = '\0';
      error = find_rule(rules_path, rules, operation, path);
    }
  }
  if (error != 0) record(rules_path, operation, path);
  errno = error != 0 ? error : saved;
  return error != 0;
}

static bool path_of(int fd, char path[PATH_MAX]) {
  const int saved = errno;
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const long size = syscall(SYS_readlink, link, path, PATH_MAX - 1);
  errno = saved;
  if (size < 0) return false;
  path[size] = '\0';
  return true;
}

static bool fails_fd(const char* operation, int fd) {
  char path[PATH_MAX];
  return path_of(fd, path) && fails(operation, path);
}

static bool fails_at(const char* operation, int directory, const char* path) {
  if (path == NULL || path[0] == '/' || directory == AT_FDCWD) return fails(operation, path);
  char whole[PATH_MAX];
  if (!path_of(directory, whole)) return false;
  const size_t length = strlen(whole);
  if (path[0] != '\0') snprintf(whole + length, sizeof whole - length, "/%s", path);
  return fails(operation, whole);
}

static const char* open_operation(int flags) { return (flags & O_TMPFILE) == O_TMPFILE ? "tmpfile" : "open"; }

#define OPEN(name)                                                            \
  int name(const char* path, int flags, ...) {                                \
    FORWARD(int, name, (const char*, int, ...));                              \
    va_list rest;                                                             \
    va_start(rest, flags);                                                    \
    const mode_t mode = va_arg(rest, mode_t);                                 \
    va_end(rest);                                                             \
    return fails(open_operation(flags), path) ? -1 : real(path, flags, mode); \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                                   \
  int name(int directory, const char* path, int flags, ...) {                                          \
    FORWARD(int, name, (int, const char*, int, ...));                                                  \
    va_list rest;                                                                                      \
    va_start(rest, flags);                                                                             \
    const mode_t mode = va_arg(rest, mode_t);                                                          \
    va_end(rest);                                                                                      \
    return fails_at(open_operation(flags), directory, path) ? -1 : real(directory, path, flags, mode); \
  }
OPENAT(openat)
OPENAT(openat64)

// What FORTIFY makes of an open() without a mode.
#define OPEN_2(name)                                                    \
  int name(const char* path, int flags);                                \
  int name(const char* path, int flags) {                               \
    FORWARD(int, name, (const char*, int));                             \
    return fails(open_operation(flags), path) ? -1 : real(path, flags); \
  }
OPEN_2(__open_2)
OPEN_2(__open64_2)

DIR* opendir(const char* path) {
  FORWARD(DIR*, opendir, (const char*));
  return fails("open", path) ? NULL : real(path);
}

int mkostemp(char* path, int flags) {
  FORWARD(int, mkostemp, (char*, int));
  return fails("open", path) ? -1 : real(path, flags);
}

int mkostemps(char* path, int suffix, int flags) {
  FORWARD(int, mkostemps, (char*, int, int));
  return fails("open", path) ? -1 : real(path, suffix, flags);
}

struct dirent* readdir(DIR* directory) {
  FORWARD(struct dirent*, readdir, (DIR*));
  return fails_fd("list", dirfd(directory)) ? NULL : real(directory);
}

struct dirent64* readdir64(DIR* directory) {
  FORWARD(struct dirent64*, readdir64, (DIR*));
  return fails_fd("list", dirfd(directory)) ? NULL : real(directory);
}

// A function whose first parameter is a descriptor or a path, which `failing` looks at.
#define FUNCTION(result, name, parameters, arguments, failing) \
  result name parameters {                                     \
    FORWARD(result, name, parameters);                         \
    return (failing) ? (result)-1 : real arguments;            \
  }

FUNCTION(ssize_t, getdents64, (int fd, void* to, size_t size), (fd, to, size), fails_fd("list", fd))

FUNCTION(ssize_t, read, (int fd, void* to, size_t size), (fd, to, size), fails_fd("read", fd))
FUNCTION(ssize_t, pread, (int fd, void* to, size_t size, off_t at), (fd, to, size, at), fails_fd("read", fd))
FUNCTION(ssize_t, pread64, (int fd, void* to, size_t size, off64_t at), (fd, to, size, at),
         fails_fd("read", fd))
FUNCTION(ssize_t, write, (int fd, const void* from, size_t size), (fd, from, size), fails_fd("write", fd))
FUNCTION(ssize_t, pwrite, (int fd, const void* from, size_t size, off_t at), (fd, from, size, at),
         fails_fd("write", fd))
FUNCTION(ssize_t, pwrite64, (int fd, const void* from, size_t size, off64_t at), (fd, from, size, at),
         fails_fd("write", fd))

FUNCTION(int, stat, (const char* path, struct stat* to), (path, to), fails("stat", path))
FUNCTION(int, stat64, (const char* path, struct stat64* to), (path, to), fails("stat", path))
FUNCTION(int, lstat, (const char* path, struct stat* to), (path, to), fails("stat", path))
FUNCTION(int, lstat64, (const char* path, struct stat64* to), (path, to), fails("stat", path))
FUNCTION(int, fstat, (int fd, struct stat* to), (fd, to), fails_fd("stat", fd))
FUNCTION(int, fstat64, (int fd, struct stat64* to), (fd, to), fails_fd("stat", fd))
FUNCTION(int, fstatat, (int directory, const char* path, struct stat* to, int flags),
         (directory, path, to, flags), fails_at("stat", directory, path))
FUNCTION(int, fstatat64, (int directory, const char* path, struct stat64* to, int flags),
         (directory, path, to, flags), fails_at("stat", directory, path))

FUNCTION(ssize_t, getxattr, (const char* path, const char* name, void* to, size_t size),
         (path, name, to, size), fails("getxattr", path))
FUNCTION(ssize_t, lgetxattr, (const char* path, const char* name, void* to, size_t size),
         (path, name, to, size), fails("getxattr", path))
FUNCTION(ssize_t, fgetxattr, (int fd, const char* name, void* to, size_t size), (fd, name, to, size),
         fails_fd("getxattr", fd))
FUNCTION(int, setxattr, (const char* path, const char* name, const void* from, size_t size, int flags),
         (path, name, from, size, flags), fails("setxattr", path))
FUNCTION(int, fsetxattr, (int fd, const char* name, const void* from, size_t size, int flags),
         (fd, name, from, size, flags), fails_fd("setxattr", fd))

FUNCTION(int, fsync, (int fd), (fd), fails_fd("fsync", fd))
FUNCTION(int, fdatasync, (int fd), (fd), fails_fd("fdatasync", fd))
FUNCTION(int, syncfs, (int fd), (fd), fails_fd("syncfs", fd))
FUNCTION(int, flock, (int fd, int operation), (fd, operation), fails_fd("flock", fd))
FUNCTION(int, fallocate, (int fd, int mode, off_t at, off_t size), (fd, mode, at, size),
         fails_fd("fallocate", fd))
FUNCTION(int, fallocate64, (int fd, int mode, off64_t at, off64_t size), (fd, mode, at, size),
         fails_fd("fallocate", fd))

FUNCTION(int, statvfs, (const char* path, struct statvfs* to), (path, to), fails("statvfs", path))
FUNCTION(int, statvfs64, (const char* path, struct statvfs64* to), (path, to), fails("statvfs", path))
FUNCTION(int, fstatvfs, (int fd, struct statvfs* to), (fd, to), fails_fd("statvfs", fd))
FUNCTION(int, fstatvfs64, (int fd, struct statvfs64* to), (fd, to), fails_fd("statvfs", fd))

FUNCTION(int, mkdir, (const char* path, mode_t mode), (path, mode), fails("mkdir", path))
FUNCTION(int, mkdirat, (int directory, const char* path, mode_t mode), (directory, path, mode),
         fails_at("mkdir", directory, path))
FUNCTION(int, rmdir, (const char* path), (path), fails("rmdir", path))
FUNCTION(int, unlink, (const char* path), (path), fails("unlink", path))
FUNCTION(int, unlinkat, (int directory, const char* path, int flags), (directory, path, flags),
         fails_at((flags & AT_REMOVEDIR) != 0 ? "rmdir" : "unlink", directory, path))
FUNCTION(int, link, (const char* from, const char* to), (from, to), fails("link", to))
FUNCTION(int, linkat, (int from_directory, const char* from, int to_directory, const char* to, int flags),
         (from_directory, from, to_directory, to, flags), fails_at("link", to_directory, to))
FUNCTION(int, rename, (const char* from, const char* to), (from, to),
         fails("rename", from) || fails("rename", to))
FUNCTION(int, renameat, (int from_directory, const char* from, int to_directory, const char* to),
         (from_directory, from, to_directory, to),
         fails_at("rename", from_directory, from) || fails_at("rename", to_directory, to))
FUNCTION(int, renameat2,
         (int from_directory, const char* from, int to_directory, const char* to, unsigned flags),
         (from_directory, from, to_directory, to, flags),
         fails_at("rename", from_directory, from) || fails_at("rename", to_directory, to))
