#include "worker/receiver/session_line.h"

#include <gtest/gtest.h>

#include <string>

namespace ssync {
namespace {

BoardView session() {
  BoardView view;
  view.seconds = 2.5;
  view.bytes_in = 3'000'000;
  view.offered = 70;
  view.wanted = 62;
  view.stored = 60;
  view.failed = 2;
  const auto spend = [&](Phase phase, double seconds) {
    view.spent[static_cast<std::size_t>(phase)] = seconds;
  };
  spend(Phase::checking, 9);
  spend(Phase::waiting, 0.5);
  spend(Phase::locking, 0.25);
  spend(Phase::missing_check, 0.125);
  spend(Phase::updates, 1.5);
  return view;
}

TEST(SessionLineTest, SumsASessionUp) {
  EXPECT_EQ(
      session_line(session(), ""),
      "session ended: 70 objects offered, 62 wanted, 60 stored, 2 failed, 3000000 bytes in 2.500 s (waited "
      "0.750, list 0.125, updates 1.500), 40 objects/s, 2.0 MB/s");
}

TEST(SessionLineTest, HasNoRatesIfNothingWasStored) {
  BoardView view = session();
  view.stored = 0;
  EXPECT_TRUE(session_line(view, "").ends_with("updates 1.500)"));
  view = session();
  view.spent = {};
  EXPECT_TRUE(session_line(view, "").ends_with("updates 0.000)"));
}

TEST(SessionLineTest, NamesWhatCutItShort) {
  EXPECT_TRUE(
      session_line({}, "client disconnected").starts_with("session cut (client disconnected): 0 objects"));
  EXPECT_LT(session_line({}, std::string(1 << 20, 'x')).size(), 2000U)
      << "what a sender has sent may be long";
}

}  // namespace
}  // namespace ssync
