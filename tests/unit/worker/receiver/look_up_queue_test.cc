#include "worker/receiver/look_up_queue.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "common/os/fd.h"
#include "common/python/errors.h"
#include "common/python/hex.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const char kT1[] = "1700000001.00000";
const char kT2[] = "1700000002.00000";

class LookUpQueueTest : public ::testing::Test {
 protected:
  LookUpQueueTest() { device_.settings().reclaim_age = std::int64_t{1} << 40; }

  static ObjectName object(int number) { return {"a", "c", "o" + std::to_string(number)}; }
  [[nodiscard]] Offer offer(const ObjectName& name, const std::string& time = kT2) const {
    return parse_offer(device_.hash_of(name) + " " + time);
  }
  LookUpQueue queue() {
    return {device_.partition(), std::nullopt, threads_,
            [this](const Offer& offer, const LocalObject& local) {
              answers_.push_back(python::to_hex(offer.hash).substr(0, 4) + ":" +
                                 (local.data ? local.data->internal() : "none"));
            }};
  }
  [[nodiscard]] std::string answer(const ObjectName& name, const std::string& time) const {
    return device_.hash_of(name).substr(0, 4) + ":" + time;
  }

  TemporaryDevice device_;
  DiskThreads threads_{4};
  std::vector<std::string> answers_;
};

TEST_F(LookUpQueueTest, AnswersInTheOrderOfTheOffers) {
  constexpr int kObjects = 3000;  // more than the queue holds
  std::vector<std::string> expected;
  LookUpQueue offers = queue();
  for (int i = 0; i < kObjects; ++i) {
    if (i % 7 == 0) device_.add_data(object(i), kT1, "x");
    if (i % 70 == 0) device_.add_tombstone(object(i), kT2);  // which makes the data obsolete
    expected.push_back(answer(object(i), i % 70 == 0 ? kT2 : i % 7 == 0 ? kT1 : "none"));
    offers.add(offer(object(i)));
  }
  offers.finish();
  EXPECT_EQ(answers_, expected);
  EXPECT_THAT(device_.files_of(object(70)), ElementsAre(std::string(kT2) + ".ts"));
}

TEST_F(LookUpQueueTest, LooksAgainAtWhatAnEarlierOfferChanged) {
  device_.add_data(object(1), kT1, "x", {{"Content-Length", "2"}});
  LookUpQueue offers = queue();
  offers.add(offer(object(1)));
  offers.add(offer(object(1)));
  offers.finish();
  EXPECT_THAT(answers_, ElementsAre(answer(object(1), "none"), answer(object(1), "none")));
  EXPECT_THAT(device_.quarantined(), ElementsAre(device_.hash_of(object(1))));
}

// What comes after an error has not been looked at, as if each had been when it came.
TEST_F(LookUpQueueTest, ChangesNothingAfterAnError) {
  device_.add_data(object(1), kT1, "x");
  const std::string bad = device_.add_data(object(2), "1700000002.00000", "x");
  Metadata no_time = device_.named(object(2), "");
  no_time.set("Content-Length", "1");
  no_time.set("Content-Type", "text/plain");
  write_metadata(open_file(bad, O_WRONLY).get(), no_time, bad);
  device_.add_data(object(3), kT1, "x", {{"Content-Length", "2"}});
  LookUpQueue offers = queue();
  for (int i = 1; i <= 3; ++i) offers.add(offer(object(i)));
  EXPECT_THROW(offers.finish(), ValueError);
  EXPECT_THAT(answers_, ElementsAre(answer(object(1), kT1)));
  EXPECT_THAT(device_.quarantined(), IsEmpty());
  offers.finish();
  EXPECT_THAT(answers_, ElementsAre(answer(object(1), kT1)));
}

TEST_F(LookUpQueueTest, PeekLeavesToLookUpWhatWouldChangeTheDevice) {
  std::filesystem::create_directories(device_.partition().path());
  const Fd directory = open_file(device_.partition().path(), O_RDONLY | O_DIRECTORY);
  const auto peeked = [&](const ObjectName& name) {
    return peek(device_.partition(), directory.get(), offer(name), std::nullopt).has_value();
  };
  EXPECT_TRUE(peeked(object(1))) << "nothing there";
  EXPECT_FALSE(peek(device_.partition(), -1, offer(object(1)), std::nullopt)) << "no directory to look in";
  device_.add_data(object(1), kT1, "x");
  EXPECT_TRUE(peeked(object(1))) << "whole data";
  device_.add_meta(object(1), kT2);
  EXPECT_TRUE(peeked(object(1))) << "with a POST";
  device_.add_bare_file(object(1), "1600000000.00000.data");
  EXPECT_FALSE(peeked(object(1))) << "something obsolete";
  device_.add_bare_file(object(2), "junk");
  EXPECT_FALSE(peeked(object(2))) << "something to log";
  device_.settings().reclaim_age = 1000;
  device_.add_tombstone(object(3), kT1);
  EXPECT_FALSE(peeked(object(3))) << "a tombstone that is due";
  device_.add_tombstone(object(6), "4000000000.00000");
  EXPECT_TRUE(peeked(object(6))) << "a tombstone";
  device_.add_data(object(4), kT1, "x", {{"Content-Length", "2"}});
  EXPECT_FALSE(peeked(object(4))) << "damage";
  std::filesystem::create_directories(device_.hash_dir_of(object(5)));
  EXPECT_FALSE(peeked(object(5))) << "an empty directory";
  EXPECT_THAT(device_.quarantined(), IsEmpty());
  EXPECT_THAT(device_.files_of(object(1)), ::testing::SizeIs(3));
  EXPECT_TRUE(std::filesystem::exists(device_.hash_dir_of(object(5))));
}

}  // namespace
}  // namespace ssync
