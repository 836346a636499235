#include "worker/receiver/session_line.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <string_view>
#include <variant>

namespace ssync {
namespace {

BoardView session() {
  BoardView view;
  view.seconds = 2.5;
  view.bytes_in = 8'000'000;
  view.update_bytes = 3'000'000;
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
      "session ended: 70 objects offered, 62 wanted, 60 stored, 2 failed, 8000000 bytes in 2.500 s (waited "
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

std::map<std::string, std::string> fields_of(const BoardView& view, std::string_view why) {
  std::map<std::string, std::string> texts;
  for (const log::Field& field : session_fields(view, why)) {
    std::visit([&](const auto& value) { texts.emplace(field.name, fmt::format("{}", value)); }, field.value);
  }
  return texts;
}

TEST(SessionLineTest, HasItsNumbersAsFields) {
  const std::map<std::string, std::string> wanted = {{"outcome", "ended"},
                                                     {"offered", "70"},
                                                     {"wanted", "62"},
                                                     {"stored", "60"},
                                                     {"failed", "2"},
                                                     {"bytes", "8000000"},
                                                     {"seconds", "2.5"},
                                                     {"wait_seconds", "0.75"},
                                                     {"lock_seconds", "0.25"},
                                                     {"list_seconds", "0.125"},
                                                     {"update_seconds", "1.5"},
                                                     {"objects_per_second", "40"},
                                                     {"bytes_per_second", "2000000"}};
  EXPECT_EQ(fields_of(session(), ""), wanted);
}

TEST(SessionLineTest, FieldsHaveNoRatesIfNothingWasStored) {
  const auto fields = fields_of({}, "client disconnected");
  EXPECT_EQ(fields.at("outcome"), "cut");
  EXPECT_EQ(fields.at("reason"), "client disconnected");
  EXPECT_FALSE(fields.contains("objects_per_second"));
  EXPECT_FALSE(fields.contains("bytes_per_second"));
  EXPECT_LT(fields_of({}, std::string(1 << 20, 'x')).at("reason").size(), 2000U);
}

}  // namespace
}  // namespace ssync
