#include "common/config/privileges.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>

#include "common/config/errors.h"
#include "common/os/fd.h"
#include "tests/unit/thread_count.h"

namespace ssync {
namespace {

const char kUser[] = "nobody";
const char kUnknownUser[] = "no such user";
const char kSection[] = "object-server";

// What the function returns in a process of its own, which may lose its privileges; an error's text if it
// throws ConfigError.
std::string in_a_child(const std::function<std::string()>& function) {
  std::array<int, 2> ends{};
  EXPECT_EQ(pipe(ends.data()), 0);
  const Fd read_end(ends[0]);
  Fd write_end(ends[1]);
  const pid_t child = fork();
  if (child == 0) {
    std::string said;
    try {
      said = function();
    } catch (const ConfigError& error) {
      said = error.what();
    }
    write_all(write_end.get(), said, "pipe");
    _exit(0);
  }
  write_end.reset();
  std::string said;
  std::array<char, 1024> piece{};
  for (ssize_t size = 0; (size = read(read_end.get(), piece.data(), piece.size())) > 0;) {
    said.append(piece.data(), static_cast<std::size_t>(size));
  }
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  return said;
}

std::string identity() {
  uid_t real = 0;
  uid_t effective = 0;
  uid_t saved = 0;
  gid_t real_group = 0;
  gid_t effective_group = 0;
  gid_t saved_group = 0;
  if (getresuid(&real, &effective, &saved) != 0 ||
      getresgid(&real_group, &effective_group, &saved_group) != 0) {
    return "unknown";
  }
  std::string text = "users";
  for (const uid_t id : {real, effective, saved}) text += " " + std::to_string(id);
  text += ", groups";
  for (const gid_t id : {real_group, effective_group, saved_group}) text += " " + std::to_string(id);
  std::array<gid_t, 256> more{};
  const int count = getgroups(more.size(), more.data());
  text += ", more groups";
  for (int i = 0; i < count; ++i) text += " " + std::to_string(more[static_cast<std::size_t>(i)]);
  return text;
}

class PrivilegesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "only root has privileges to drop";
    const passwd* entry = getpwnam(kUser);
    if (entry == nullptr) GTEST_SKIP() << "no user " << kUser;
    id_ = std::to_string(entry->pw_uid);
    group_ = std::to_string(entry->pw_gid);
  }

  std::string id_;
  std::string group_;
};

TEST_F(PrivilegesTest, AreGoneForGoodWithAllOfRootsGroups) {
  const std::string said = in_a_child([] {
    // One that the user is not in.
    const gid_t root_group = 0;
    if (setgroups(1, &root_group) != 0) return std::string("setgroups");
    drop_privileges(kUser, kSection);
    return identity() + (setuid(0) == 0 || seteuid(0) == 0 || setgid(0) == 0 ? ", and back" : "");
  });
  EXPECT_EQ(said, "users " + id_ + " " + id_ + " " + id_ + ", groups " + group_ + " " + group_ + " " +
                      group_ + ", more groups " + group_);
}

TEST_F(PrivilegesTest, StayWhereNothingElseIsAskedFor) {
  const std::string before = in_a_child(identity);
  for (const char* user : {"", "root"}) {
    const std::string after = in_a_child([user] {
      drop_privileges(user, kSection);
      return identity();
    });
    EXPECT_EQ(after, before) << user;
  }
}

TEST_F(PrivilegesTest, AnUnknownUserIsRefused) {
  const std::string said = in_a_child([] {
    drop_privileges(kUnknownUser, kSection);
    return std::string("not refused");
  });
  EXPECT_EQ(said, "[object-server] user = no such user: unknown user; give an existing one, or root");
}

// As Swift: the option is for root only.
TEST_F(PrivilegesTest, OfAnybodyElseAreLeftAlone) {
  const std::string said = in_a_child([] {
    drop_privileges(kUser, kSection);
    const std::string before = identity();
    drop_privileges(kUnknownUser, kSection);
    drop_privileges("root", kSection);
    return std::string(identity() == before ? "as before" : "changed");
  });
  EXPECT_EQ(said, "as before");
}

TEST_F(PrivilegesTest, ARootThatMayNotBecomeTheUserIsRefused) {
  const std::string said = in_a_child([] {
    // Capabilities are a thread's, and glibc aborts where setgroups() succeeds in one thread only; the thread
    // sanitizer has a thread of its own.
    if (thread_count() > 1) return std::string("more than one thread");
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    const std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
    if (syscall(SYS_capset, &header, none.data()) != 0) return std::string("capset");
    drop_privileges(kUser, kSection);
    return std::string("not refused");
  });
  if (said == "more than one thread") GTEST_SKIP() << said;
  EXPECT_EQ(said,
            "[object-server] user = nobody: cannot become that user: Operation not permitted; start with "
            "CAP_SETUID and CAP_SETGID");
}

}  // namespace
}  // namespace ssync
