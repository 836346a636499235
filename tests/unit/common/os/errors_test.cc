#include "common/os/errors.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace ssync {
namespace {

TEST(OsErrorTest, ReadsAsPythonsOsError) {
  const OsError error(ENOENT, "/srv/it's");
  EXPECT_STREQ(error.what(), "[Errno 2] No such file or directory: \"/srv/it's\"");
  EXPECT_EQ(error.code(), ENOENT);
  EXPECT_EQ(error.path(), "/srv/it's");
  EXPECT_STREQ(OsError(EACCES, "").what(), "[Errno 13] Permission denied");
}

TEST(OsErrorTest, ThrowsThePresentErrno) {
  errno = ENOSPC;
  try {
    throw_os_error("/x");
  } catch (const OsError& error) {
    EXPECT_STREQ(error.what(), "[Errno 28] No space left on device: '/x'");
  }
}

}  // namespace
}  // namespace ssync
