#include "common/statsd/datagram_sender.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <thread>

#include "tests/unit/common/statsd/datagram_receiver.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

LookUp not_found() { return {.found = {}, .why = "Name or service not known"}; }

// A name server that answers when it is told to.
struct NameServer {
  std::promise<LookUp> answer = {};
  std::shared_future<LookUp> answered = answer.get_future().share();

  [[nodiscard]] DatagramSender::Resolve resolve() const {
    return [answered = answered](const auto&, int) { return answered.get(); };
  }
};

TEST(DatagramSenderTest, SendsToAnAddressAtOnce) {
  DatagramReceiver receiver;
  DatagramSender sender("127.0.0.1", receiver.port(), [](const auto&, int) {
    ADD_FAILURE() << "an address is looked up";
    return not_found();
  });
  sender.send("one");
  sender.send("two");
  EXPECT_THAT(receiver.take_all(), ElementsAre("one", "two"));
  EXPECT_EQ(sender.unsent(), 0U);
}

TEST(DatagramSenderTest, SendsToAnIpv6Address) {
  try {
    DatagramReceiver receiver(AF_INET6);
    DatagramSender sender("::1", receiver.port());
    sender.send("one");
    EXPECT_THAT(receiver.take_all(), ElementsAre("one"));
  } catch (const std::system_error& error) {
    GTEST_SKIP() << "no IPv6 here: " << error.what();
  }
}

TEST(DatagramSenderTest, LooksUpAName) {
  DatagramReceiver receiver;
  DatagramSender sender("localhost", receiver.port());
  sender.send("one");
  EXPECT_EQ(receiver.take(), "one");
}

TEST(DatagramSenderTest, WhatIsSentBeforeTheAnswerWaitsForIt) {
  DatagramReceiver receiver;
  NameServer server;
  std::string asked;
  DatagramSender sender("stats.example", 8125, [&](const std::string& host, int port) {
    asked = host + " " + std::to_string(port);
    return server.answered.get();
  });
  sender.send("one");
  sender.send("two");
  EXPECT_THAT(receiver.take_all(), IsEmpty());
  server.answer.set_value({.found = receiver.address(), .why = {}});
  EXPECT_EQ(receiver.take(), "one");
  EXPECT_EQ(receiver.take(), "two");
  sender.send("three");
  EXPECT_EQ(receiver.take(), "three");
  EXPECT_EQ(asked, "stats.example 8125");
  EXPECT_EQ(sender.unsent(), 0U);
}

TEST(DatagramSenderTest, WhatWaitsIsSentBeforeTheEnd) {
  DatagramReceiver receiver;
  {
    DatagramSender sender("stats.example", 8125,
                          [&](const auto&, int) { return LookUp{.found = receiver.address(), .why = {}}; });
    sender.send("one");
  }
  EXPECT_THAT(receiver.take_all(), ElementsAre("one"));
}

TEST(DatagramSenderTest, CountsWhatIsMoreThanMayWait) {
  NameServer server;
  DatagramSender sender("stats.example", 8125, server.resolve());
  for (int number = 0; number < 1003; ++number) sender.send("x");
  EXPECT_EQ(sender.unsent(), 3U);
  server.answer.set_value(not_found());
}

TEST(DatagramSenderTest, CountsWhatHasNoAddress) {
  NameServer server;
  DatagramSender sender("stats.example", 8125, server.resolve());
  sender.send("one");
  server.answer.set_value(not_found());
  while (sender.unsent() == 0) std::this_thread::yield();
  sender.send("two");
  EXPECT_EQ(sender.unsent(), 2U);
}

// The system refuses to send to port 0.
TEST(DatagramSenderTest, CountsWhatCannotBeSent) {
  DatagramSender sender("127.0.0.1", 0);
  for (int number = 0; number < 3; ++number) sender.send("x");
  EXPECT_EQ(sender.unsent(), 3U);
}

TEST(DatagramSenderTest, LogsOnceWhatCannotBeSent) {
  ::testing::internal::CaptureStdout();
  {
    DatagramSender sender("127.0.0.1", 0);
    for (int number = 0; number < 3; ++number) sender.send("x");
  }
  const std::string lines = ::testing::internal::GetCapturedStdout();
  EXPECT_THAT(lines, ::testing::HasSubstr("Error sending UDP message to ('127.0.0.1', 0): Invalid argument; "
                                          "metrics that were not sent so far: 1."));
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 1) << lines;
}

// A name server that says nothing must not keep a process from ending.
TEST(DatagramSenderTest, EndsInMidLookUp) {
  NameServer server;
  const auto is_asked = std::make_shared<std::atomic<bool>>(false);
  {
    DatagramSender sender("stats.example", 8125, [is_asked, answered = server.answered](const auto&, int) {
      *is_asked = true;
      return answered.get();
    });
    while (!*is_asked) std::this_thread::yield();
  }
  server.answer.set_value(not_found());
}

}  // namespace
}  // namespace ssync
