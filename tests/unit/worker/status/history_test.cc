#include "worker/status/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ssync {
namespace {

using std::chrono::seconds;

class HistoryTest : public ::testing::Test {
 protected:
  void add(int second, const std::map<std::string, Flow>& devices) {
    history_.add(start_ + seconds(second), devices);
  }

  History::Clock::time_point start_ = History::Clock::now();
  History history_;
};

TEST_F(HistoryTest, IsEmptyAtFirst) {
  EXPECT_EQ(history_.rates("sda", seconds(60)).objects, 0);
  EXPECT_THAT(history_.steps("sda"), ::testing::IsEmpty());
  add(0, {{"sda", {.objects = 100}}});
  EXPECT_EQ(history_.rates("sda", seconds(60)).objects, 0) << "what was before is no rate";
}

TEST_F(HistoryTest, RatesAreThoseOfTheTimeAskedFor) {
  // 10 a second for ten minutes, then 100 a second for one.
  std::int64_t objects = 0;
  for (int second = 0; second <= 660; ++second) {
    add(second, {{"sda", {.objects = objects, .bytes = 2 * objects}}, {"sdb", {.objects = second}}});
    objects += second < 600 ? 10 : 100;
  }
  EXPECT_NEAR(history_.rates("sda", seconds(60)).objects, 100, 0.01);
  EXPECT_NEAR(history_.rates("sda", seconds(60)).bytes, 200, 0.01);
  EXPECT_NEAR(history_.rates("sda", seconds(300)).objects, (240 * 10 + 60 * 100) / 300.0, 0.01);
  EXPECT_NEAR(history_.rates("sda", seconds(900)).objects, (600 * 10 + 60 * 100) / 660.0, 0.01)
      << "over what there is";
  EXPECT_NEAR(history_.rates(seconds(60)).objects, 101, 0.01) << "of all devices";
  EXPECT_EQ(history_.rates("sdc", seconds(60)).objects, 0);
}

TEST_F(HistoryTest, KeepsAQuarterOfAnHourInSteps) {
  for (int second = 0; second <= 2000; ++second) add(second, {{"sda", {.objects = 3 * second}}});
  const auto steps = history_.steps("sda");
  ASSERT_EQ(steps.size(), History::kSteps);
  for (const Rates& rates : steps) EXPECT_NEAR(rates.objects, 3, 0.01);
  EXPECT_NEAR(history_.age(start_ + seconds(2003)), 3, 0.01);
}

TEST_F(HistoryTest, ADeviceThatComesLaterAndOneThatIsNoLongerNamed) {
  add(0, {{"sda", {.objects = 5}}});
  add(10, {{"sdb", {.objects = 20}}});
  EXPECT_EQ(history_.rates("sda", seconds(60)).objects, 0);
  EXPECT_EQ(history_.rates("sdb", seconds(60)).objects, 2);
  EXPECT_THAT(history_.devices(), ::testing::ElementsAre("sda", "sdb"));
}

TEST_F(HistoryTest, ACounterThatGoesBackIsNoNegativeRate) {
  add(0, {{"sda", {.objects = 50}}});
  add(10, {{"sda", {.objects = 40}}});
  EXPECT_EQ(history_.rates("sda", seconds(60)).objects, 0);
}

}  // namespace
}  // namespace ssync
