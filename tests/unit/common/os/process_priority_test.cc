#include "common/os/process_priority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <thread>

namespace ssync {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Result {
  std::vector<std::string> problems;
  int nice;
  long io;  // class << 13 | priority
};

// Linux has priorities for each thread: the other tests keep theirs.
Result set_in_a_thread(const std::vector<ProcessPriority>& priorities) {
  Result result{};
  std::thread([&] {
    for (const ProcessPriority& priority : priorities) result.problems = set_process_priority(priority);
    result.nice = ::getpriority(PRIO_PROCESS, 0);
    result.io = ::syscall(SYS_ioprio_get, 1, 0);
  }).join();
  return result;
}

TEST(ProcessPriorityTest, SetsWhatIsGiven) {
  const Result before = set_in_a_thread({{}});
  struct Case {
    ProcessPriority priority;
    int nice;
    long io;
  };
  const Case cases[] = {
      {{.nice = 7}, 7, before.io},
      {{.nice = 100}, 19, before.io},  // the kernel takes the nearest
      {{.io_class = IoClass::idle}, before.nice, 3 << 13},
      {{.io_class = IoClass::best_effort, .io_priority = 6}, before.nice, (2 << 13) | 6},
      {{.nice = 3, .io_class = IoClass::best_effort}, 3, 2 << 13},
      {{.io_priority = 6}, before.nice, before.io},
      {{.io_class = IoClass::idle, .io_priority = std::nullopt}, before.nice, before.io},
  };
  for (const Case& c : cases) {
    const Result result = set_in_a_thread({c.priority});
    EXPECT_THAT(result.problems, IsEmpty());
    EXPECT_EQ(result.nice, c.nice);
    EXPECT_EQ(result.io, c.io);
  }
}

TEST(ProcessPriorityTest, WhatCannotBeSetStaysAndIsSaid) {
  const Result before = set_in_a_thread({{}});
  const Result result = set_in_a_thread({{.nice = 2, .io_class = IoClass::best_effort, .io_priority = -1}});
  EXPECT_THAT(result.problems,
              ElementsAre(AllOf(HasSubstr("Unable to modify ionice priority"), HasSubstr("IOPRIO_CLASS_BE"),
                                HasSubstr("ionice_priority = -1"), HasSubstr("Invalid argument"))));
  EXPECT_EQ(result.nice, 2);
  EXPECT_EQ(result.io, before.io);
}

// Who has dropped root's privileges may not set it again, though it is what a reload asks for.
TEST(ProcessPriorityTest, WhatIsSetAlreadyIsNoProblem) {
  const ProcessPriority priority{.nice = 4, .io_class = IoClass::best_effort, .io_priority = 3};
  const Result result = set_in_a_thread({priority, priority});
  EXPECT_THAT(result.problems, IsEmpty());
  EXPECT_EQ(result.nice, 4);
}

TEST(ProcessPriorityTest, NamesOfClasses) {
  EXPECT_EQ(io_class_named("IOPRIO_CLASS_RT"), IoClass::real_time);
  EXPECT_EQ(io_class_named("IOPRIO_CLASS_BE"), IoClass::best_effort);
  EXPECT_EQ(io_class_named("IOPRIO_CLASS_IDLE"), IoClass::idle);
  for (const char* name : {"", "3", "idle", "ioprio_class_idle", "IOPRIO_CLASS_NONE"}) {
    EXPECT_EQ(io_class_named(name), std::nullopt) << name;
  }
  EXPECT_EQ(io_class_name(IoClass::unchanged), "");
  EXPECT_EQ(io_class_name(IoClass::idle), "IOPRIO_CLASS_IDLE");
}

}  // namespace
}  // namespace ssync
