#include "worker/pool/successor.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace ssync {
namespace {

void expect_equal(const Inheritance& got, const Inheritance& wanted, const std::string& text) {
  EXPECT_EQ(got.socket, wanted.socket) << text;
  EXPECT_EQ(got.socket_path, wanted.socket_path) << text;
  EXPECT_EQ(got.workers, wanted.workers) << text;
}

TEST(SuccessorTest, WhatIsHandedOnIsWhatComes) {
  const Inheritance cases[] = {
      {.socket = 3, .socket_path = "", .workers = {}},
      {.socket = 7, .socket_path = "/run/a b/worker.sock", .workers = {12}},
      {.socket = 7, .socket_path = "", .workers = {12, 4194304, 1}},
  };
  for (const Inheritance& c : cases) {
    const std::string text = inheritance_text(c);
    expect_equal(parse_inheritance(text), c, text);
  }
}

TEST(SuccessorTest, ALineOfAnotherKindIsNothing) {
  for (const char* text : {"", " ", "x", "0 12 /s", "-1 12 /s", "3,4 12 /s", "99999999999 12 /s", "3 12,x /s",
                           "3 12,,13 /s", "3 -1 /s", "3 0 /s"}) {
    expect_equal(parse_inheritance(text), {}, text);
  }
}

TEST(SuccessorTest, TakesOnlyItsOwnChildrenAndOnlyOnce) {
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  const pid_t parent = getppid();
  setenv("SSYNC_WORKER_INHERITANCE",
         ("3 " + std::to_string(parent) + "," + std::to_string(child) + " /s").c_str(), 1);
  expect_equal(take_inheritance(), {.socket = 3, .socket_path = "/s", .workers = {child}}, "taken");
  expect_equal(take_inheritance(), {}, "again");
  kill(child, SIGKILL);
  EXPECT_EQ(waitpid(child, nullptr, 0), child) << "it was not reaped";
}

TEST(SuccessorTest, ASuccessorHasToAcceptTheConfiguration) {
  EXPECT_TRUE(accepts_configuration("/bin/true", "/dev/null"));
  EXPECT_FALSE(accepts_configuration("/bin/false", "/dev/null"));
  EXPECT_FALSE(accepts_configuration("/no/such/program", "/dev/null"));
  EXPECT_FALSE(accepts_configuration("", "/dev/null"));
}

TEST(SuccessorTest, KnowsItsProgram) {
  EXPECT_TRUE(std::filesystem::equivalent(own_program(), "/proc/self/exe"));
}

TEST(SuccessorTest, AProgramThatCannotRunChangesNothing) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  errno = 0;
  execute_successor("/no/such/program", "/dev/null", {.socket = ends[0], .socket_path = "", .workers = {}});
  EXPECT_EQ(errno, ENOENT);
  EXPECT_NE(fcntl(ends[0], F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_EQ(getenv("SSYNC_WORKER_INHERITANCE"), nullptr);
  close(ends[0]);
  close(ends[1]);
}

}  // namespace
}  // namespace ssync
