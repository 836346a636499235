#include "worker/receiver/missing_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <utility>

#include "common/layout/metadata.h"
#include "common/os/errors.h"
#include "common/python/errors.h"
#include "tests/unit/scripted_streams.h"
#include "tests/unit/temporary_device.h"
#include "worker/request/errors.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const char kT1[] = "1700000001.00000";
const char kT2[] = "1700000002.00000";
const char kT3[] = "1700000003.00000";
const char kEnd[] = ":MISSING_CHECK: END\r\n";

class WantedLinesTest : public ::testing::Test {
 protected:
  WantedLinesTest() { device_.settings().reclaim_age = std::int64_t{1} << 40; }

  std::string wanted(RequestInput& input, Dialect dialect = Dialect::ssync) {
    const Session session{.settings = device_.receiver(),
                          .partition = device_.partition(),
                          .device = "sda1",
                          .dialect = dialect,
                          .remote_addr = "10.0.0.1"};
    OfferedObjects offered;
    return wanted_lines(session, input, threads_, offered);
  }
  std::string wanted(const std::string& script, Dialect dialect = Dialect::ssync,
                     ScriptEnd end = ScriptEnd::clean) {
    ScriptedInput input(script, end);
    return wanted(input, dialect);
  }
  // The message of the ValueError that ends the missing check.
  std::string error_of(const std::string& script) {
    try {
      return "no error: " + wanted(script);
    } catch (const ValueError& error) {
      return error.what();
    }
  }

  static ObjectName object(int number) { return {"a", "c", "o" + std::to_string(number)}; }
  [[nodiscard]] std::string hash(int number) const { return device_.hash_of(object(number)); }
  [[nodiscard]] std::string offer(int number, const std::string& rest = kT2) const {
    return hash(number) + " " + rest + "\r\n";
  }
  // Stores an object that whoever looks it up quarantines.
  void add_damaged(int number) const {
    device_.add_data(object(number), kT1, "x", {{"Content-Length", "2"}});
  }
  // Stores an object at which whoever looks it up fails.
  void add_without_time(int number) const {
    Metadata metadata;
    metadata.set("name", object(number).path());
    metadata.set("Content-Type", "text/plain");
    metadata.set("Content-Length", "1");
    metadata.set("ETag", "unchecked");
    device_.add_file(object(number), std::string(kT1) + ".data", metadata, "x");
  }

  TemporaryDevice device_;
  DiskThreads threads_{4};
};

TEST_F(WantedLinesTest, AreThoseOfWhatIsMissingInTheOrderOfTheOffers) {
  device_.add_data(object(1), kT2, "same");
  device_.add_data(object(2), kT1, "older");
  device_.add_data(object(3), kT3, "newer");
  device_.add_tombstone(object(4), kT1);
  device_.add_data(object(5), kT2, "posted to there");
  const std::string posted = std::string(kT2) + " m:186a0";
  struct Case {
    const char* why;
    std::string offers;
    std::string ssync;
    // nullopt where the line is none in that dialect.
    std::optional<std::string> bare;
  };
  const Case cases[] = {
      {"nothing offered", "", "", ""},
      {"nothing missing", offer(1) + offer(3), "", ""},
      {"one line without a line end", offer(0), hash(0) + " dm", hash(0)},
      {"lines with line ends between them", offer(2) + offer(1) + offer(0) + offer(4),
       hash(2) + " dm\r\n" + hash(0) + " dm\r\n" + hash(4) + " d",
       hash(2) + "\r\n" + hash(0) + "\r\n" + hash(4)},
      {"only the metadata", offer(5, posted) + offer(0), hash(5) + " m\r\n" + hash(0) + " dm", std::nullopt},
      {"an object that is offered twice", offer(0) + offer(0), hash(0) + " dm\r\n" + hash(0) + " dm",
       hash(0) + "\r\n" + hash(0)},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    EXPECT_EQ(wanted(c.offers + kEnd), c.ssync);
    if (c.bare) {
      EXPECT_EQ(wanted(c.offers + kEnd, Dialect::replication_2013), *c.bare);
    } else {
      EXPECT_THROW(wanted(c.offers + kEnd, Dialect::replication_2013), ValueError);
    }
  }
}

TEST_F(WantedLinesTest, AreBounded) {
  const Session session{.settings = device_.receiver(), .partition = device_.partition(), .device = "sda1"};
  std::string script;
  for (int i = 0; i < 100; ++i) script += offer(i);
  OfferedObjects offered;
  ScriptedInput whole(script + kEnd);
  const std::size_t size = wanted_lines(session, whole, threads_, offered).size();
  ScriptedInput fits(script + kEnd);
  EXPECT_EQ(wanted_lines(session, fits, threads_, offered, size).size(), size);
  ScriptedInput too_long(script + kEnd);
  EXPECT_THROW(wanted_lines(session, too_long, threads_, offered, size - 1), std::length_error);
}

TEST_F(WantedLinesTest, LeavesWhatFollowsTheEndAlone) {
  ScriptedInput input(offer(0) + kEnd + ":UPDATES: START\r\n");
  EXPECT_EQ(wanted(input), hash(0) + " dm");
  EXPECT_EQ(input.unread(), ":UPDATES: START\r\n");
}

TEST_F(WantedLinesTest, TakesTheBodysEndForEnd) {
  EXPECT_EQ(wanted(""), "");
  EXPECT_EQ(wanted(offer(0)), hash(0) + " dm");
}

TEST_F(WantedLinesTest, TakesAnyBlanksAroundTheEnd) {
  for (const std::string end : {":MISSING_CHECK: END\n", " :MISSING_CHECK: END \r\n"}) {
    ScriptedInput input(offer(0) + end + "more\r\n");
    EXPECT_EQ(wanted(input), hash(0) + " dm");
    EXPECT_EQ(input.unread(), "more\r\n") << end;
  }
}

TEST_F(WantedLinesTest, AnErrorOfAnEarlierOfferComesBeforeThatOfALaterLine) {
  EXPECT_EQ(error_of(offer(0) + "no offer\r\n"), "could not convert string to float: 'offer'");
  add_without_time(1);
  const std::string of_the_object = error_of(offer(1) + kEnd);
  EXPECT_THAT(of_the_object, ::testing::Not(::testing::HasSubstr("no error")));
  EXPECT_EQ(error_of(offer(0) + offer(1) + "no offer\r\n"), of_the_object);
}

// As if each had been looked up when it came: what was offered before the error is, what comes after is not.
TEST_F(WantedLinesTest, LooksUpWhatWasOfferedBeforeWhateverEndsTheList) {
  struct Case {
    const char* why;
    std::string last_line;
    ScriptEnd end;
  };
  const Case cases[] = {{"a line that is none", "no offer\r\n", ScriptEnd::clean},
                        {"a line that is cut", "0123", ScriptEnd::clean},
                        {"the sender is gone", "", ScriptEnd::cut},
                        {"the sender is silent", "", ScriptEnd::silence}};
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    std::filesystem::remove_all(device_.path() + "/quarantined");
    add_damaged(1);
    const auto run = [&] { wanted(offer(0) + offer(1) + c.last_line, Dialect::ssync, c.end); };
    if (c.end == ScriptEnd::silence) {
      EXPECT_THROW(run(), ClientTimeout);
    } else if (c.last_line == "no offer\r\n") {
      EXPECT_THROW(run(), ValueError);
    } else {
      EXPECT_THROW(run(), ClientGone);
    }
    EXPECT_THAT(device_.quarantined(), ElementsAre(hash(1)));
  }
}

// An offer's own error takes the place of the one that the input ended in.
TEST_F(WantedLinesTest, TellsTheErrorOfAnOfferAlsoIfTheSenderLeft) {
  add_without_time(1);
  for (const ScriptEnd end : {ScriptEnd::cut, ScriptEnd::silence}) {
    EXPECT_THROW(wanted(offer(1), Dialect::ssync, end), ValueError);
  }
}

TEST_F(WantedLinesTest, AWorkerThatIsToStopLooksNothingUp) {
  // is_waiting() has been false all the time, as in a busy session.
  class Busy final : public RequestInput {
   public:
    explicit Busy(std::string script) : script_(std::move(script), ScriptEnd::interrupt) {}
    std::string_view read_line(std::string_view context) override { return script_.read_line(context); }
    std::string_view read_some(std::size_t limit, std::string_view context) override {
      return script_.read_some(limit, context);
    }
    bool is_waiting() override { return false; }

   private:
    ScriptedInput script_;
  };
  add_damaged(1);
  Busy input(offer(0) + offer(1));
  EXPECT_THROW(wanted(input), Interrupted);
  EXPECT_THAT(device_.quarantined(), IsEmpty());
}

TEST_F(WantedLinesTest, LooksUpWhileItWaits) {
  // Waits before its last line, and says what had been quarantined by then.
  class Waiting final : public RequestInput {
   public:
    Waiting(std::string offer, const TemporaryDevice& device) : offer_(std::move(offer)), device_(device) {}
    std::string_view read_line(std::string_view /*context*/) override {
      if (!is_offered_) {
        is_offered_ = true;
        return offer_;
      }
      quarantined_ = device_.quarantined();
      return {};
    }
    std::string_view read_some(std::size_t /*limit*/, std::string_view /*context*/) override { return {}; }
    bool is_waiting() override { return true; }
    [[nodiscard]] const std::vector<std::string>& quarantined_by_then() const { return quarantined_; }

   private:
    std::string offer_;
    const TemporaryDevice& device_;
    bool is_offered_ = false;
    std::vector<std::string> quarantined_;
  };
  add_damaged(1);
  Waiting input(offer(1), device_);
  EXPECT_EQ(wanted(input), hash(1) + " dm");
  EXPECT_THAT(input.quarantined_by_then(), ElementsAre(hash(1)));
}

}  // namespace
}  // namespace ssync
