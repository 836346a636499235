#include "common/statsd/statsd_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "tests/unit/common/statsd/datagram_receiver.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StatsdClientTest : public ::testing::Test {
 protected:
  std::vector<std::string> sent(StatsdSettings settings, const std::string& name = "object-replicator",
                                double drawn = 0) {
    settings.host = "127.0.0.1";
    settings.port = receiver_.port();
    StatsdClient client(settings, name, [drawn] { return drawn; });
    EXPECT_TRUE(client.is_on());
    client.count("suffix.hashes", 3);
    client.timing("partition.update.timing", std::chrono::microseconds(2500));
    EXPECT_EQ(client.unsent(), 0U);
    return receiver_.take_all();
  }

  DatagramReceiver receiver_;
};

TEST_F(StatsdClientTest, SendsNothingWithoutAHost) {
  StatsdClient client({}, "object-replicator");
  EXPECT_FALSE(client.is_on());
  client.count("suffix.hashes", 3);
  client.timing("partition.update.timing", std::chrono::seconds(1));
  EXPECT_EQ(client.unsent(), 0U);
}

TEST_F(StatsdClientTest, NamesHaveThePrefixAndTheDaemonsName) {
  StatsdSettings settings;
  EXPECT_THAT(sent(settings), ElementsAre("object-replicator.suffix.hashes:3|c",
                                          "object-replicator.partition.update.timing:2.5|ms"));
  EXPECT_THAT(sent(settings, ""), ElementsAre("suffix.hashes:3|c", "partition.update.timing:2.5|ms"));
  settings.metric_prefix = "node1";
  EXPECT_THAT(sent(settings, "swift"),
              ElementsAre("node1.swift.suffix.hashes:3|c", "node1.swift.partition.update.timing:2.5|ms"));
  EXPECT_THAT(sent(settings, ""),
              ElementsAre("node1.suffix.hashes:3|c", "node1.partition.update.timing:2.5|ms"));
}

// What Swift's StatsdClient sends for each rate and each number drawn.
TEST_F(StatsdClientTest, SamplesAsSwiftDoes) {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  struct Row {
    double rate;
    double factor;
    double drawn;
    const char* line;  // null: nothing
  };
  for (const Row& row : {
           Row{1, 1, 0.999, "n.suffix.hashes:3|c"},
           Row{10, 1, 0.999, "n.suffix.hashes:3|c"},
           Row{0.5, 2, 0.999, "n.suffix.hashes:3|c"},
           Row{0.5, 1, 0.499, "n.suffix.hashes:3|c|@0.5"},
           Row{0.5, 1, 0.5, nullptr},
           Row{0.1, 0.1, 0.01, "n.suffix.hashes:3|c|@0.010000000000000002"},
           Row{0.1, 0.1, 0.02, nullptr},
           Row{0.0001, 0.1, 0, "n.suffix.hashes:3|c|@1e-05"},
           Row{0, 1, 0, nullptr},
           Row{-1, 1, 0, nullptr},
           Row{kNan, 1, 0.999, "n.suffix.hashes:3|c"},
           Row{kInfinity, 1, 0.999, "n.suffix.hashes:3|c"},
       }) {
    StatsdSettings settings;
    settings.default_sample_rate = row.rate;
    settings.sample_rate_factor = row.factor;
    std::vector<std::string> lines = sent(settings, "n", row.drawn);
    lines.resize(std::min<std::size_t>(lines.size(), 1));
    if (row.line == nullptr) {
      EXPECT_THAT(lines, IsEmpty()) << row.rate << " " << row.factor << " " << row.drawn;
    } else {
      EXPECT_THAT(lines, ElementsAre(row.line)) << row.rate << " " << row.factor << " " << row.drawn;
    }
  }
}

// What Swift's StatsdClient sends for a rate that a call has of its own.
TEST_F(StatsdClientTest, ACallsRateIsInThePlaceOfTheDefaultOne) {
  const auto timed = [this](double rate, double factor, std::optional<double> own, double drawn) {
    const StatsdSettings settings{.host = "127.0.0.1",
                                  .port = receiver_.port(),
                                  .default_sample_rate = rate,
                                  .sample_rate_factor = factor,
                                  .metric_prefix = {}};
    StatsdClient(settings, "", [drawn] { return drawn; }).timing("t", std::chrono::milliseconds(1), own);
    return receiver_.take_all();
  };
  EXPECT_THAT(timed(1, 1, 0.8, 0.79), ElementsAre("t:1.0|ms|@0.8"));
  EXPECT_THAT(timed(1, 1, 0.8, 0.8), IsEmpty());
  EXPECT_THAT(timed(0.5, 1, 0.8, 0), ElementsAre("t:1.0|ms|@0.8"));
  EXPECT_THAT(timed(0, 1, 0.8, 0), ElementsAre("t:1.0|ms|@0.8"));
  EXPECT_THAT(timed(0.5, 0.9, 0.1, 0), ElementsAre("t:1.0|ms|@0.09000000000000001"));
  EXPECT_THAT(timed(0.5, 10, 0.1, 0.99), ElementsAre("t:1.0|ms"));
  EXPECT_THAT(timed(0.5, 1, std::nullopt, 0), ElementsAre("t:1.0|ms|@0.5"));
}

TEST_F(StatsdClientTest, ATransferRateIsMillisecondsPerThousandBytes) {
  StatsdClient client({.host = "127.0.0.1", .port = receiver_.port(), .metric_prefix = {}}, "n");
  client.transfer_rate("t", std::chrono::milliseconds(30), 2000);
  client.transfer_rate("t", std::chrono::milliseconds(30), 0);
  client.transfer_rate("t", std::chrono::milliseconds(0), 2000);
  EXPECT_THAT(receiver_.take_all(), ElementsAre("n.t:15.0|ms", "n.t:0.0|ms"));
}

TEST_F(StatsdClientTest, RoundsTimes) {
  StatsdClient client({.host = "127.0.0.1", .port = receiver_.port(), .metric_prefix = {}}, "n");
  for (const double milliseconds : {12.34567891, 3.0, 0.00004, 0.00006, 123456789.25}) {
    client.timing("t", std::chrono::duration<double, std::milli>(milliseconds));
  }
  EXPECT_THAT(receiver_.take_all(), ElementsAre("n.t:12.3457|ms", "n.t:3.0|ms", "n.t:0.0|ms", "n.t:0.0001|ms",
                                                "n.t:123456789.25|ms"));
}

TEST_F(StatsdClientTest, CountsWhatCouldNotBeSent) {
  StatsdClient client({.host = "127.0.0.1", .port = 0, .metric_prefix = {}}, "n");
  client.count("c", 1);
  client.timing("t", std::chrono::seconds(1));
  EXPECT_EQ(client.unsent(), 2U);
}

}  // namespace
}  // namespace ssync
