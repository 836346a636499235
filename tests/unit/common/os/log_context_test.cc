#include "common/os/log_context.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "common/os/disk_threads.h"

namespace ssync::log {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> texts() {
  std::vector<std::string> texts;
  for (const Field& field : fields()) {
    texts.push_back(std::string(field.name) + "=" + std::get<std::string>(field.value));
  }
  return texts;
}

TEST(LogContextTest, FieldsAreThereAsLongAsTheContextIs) {
  EXPECT_THAT(texts(), IsEmpty());
  {
    const Context outer({{"method", "SSYNC"}, {"device", "sda1"}});
    EXPECT_THAT(texts(), ElementsAre("method=SSYNC", "device=sda1"));
    {
      const Context inner({{"partition", "7"}});
      EXPECT_THAT(texts(), ElementsAre("method=SSYNC", "device=sda1", "partition=7"));
    }
    EXPECT_THAT(texts(), ElementsAre("method=SSYNC", "device=sda1"));
  }
  EXPECT_THAT(texts(), IsEmpty());
}

TEST(LogContextTest, TheInnermostOfOneNameCounts) {
  const Context outer({{"device", "sda1"}, {"method", "GET"}});
  const Context inner({{"device", "sdb1"}});
  EXPECT_THAT(texts(), ElementsAre("method=GET", "device=sdb1"));
}

TEST(LogContextTest, AnotherThreadHasItIfItIsLentTo) {
  const Context mine({{"device", "sda1"}});
  std::vector<std::string> before;
  std::vector<std::string> during;
  std::vector<std::string> after;
  std::thread([&, lent = context()] {
    const Context own({{"device", "sdb1"}});
    before = texts();
    {
      const LentContext here(lent);
      during = texts();
    }
    after = texts();
  }).join();
  EXPECT_THAT(before, ElementsAre("device=sdb1"));
  EXPECT_THAT(during, ElementsAre("device=sda1"));
  EXPECT_THAT(after, ElementsAre("device=sdb1"));
}

// The threads stay from one request to the next.
TEST(LogContextTest, DiskThreadsHaveTheOneOfTheirCaller) {
  constexpr std::size_t kTasks = 4;
  DiskThreads threads(kTasks);
  for (const std::string device : {"sda1", "sdb1"}) {
    const Context mine({{"device", device}});
    std::mutex mutex;
    std::condition_variable all_here;
    std::multiset<std::string> seen;
    std::set<std::thread::id> ids;
    threads.for_each(kTasks, [&](std::size_t) {
      std::unique_lock lock(mutex);
      ids.insert(std::this_thread::get_id());
      seen.insert(texts().at(0));
      all_here.notify_all();
      all_here.wait(lock, [&] { return seen.size() == kTasks; });
    });
    EXPECT_EQ(ids.size(), kTasks);
    EXPECT_EQ(seen.count("device=" + device), kTasks);
  }
}

}  // namespace
}  // namespace ssync::log
