#include "worker/replicator/visit_times.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/temporary_directory.h"

namespace ssync {
namespace {

class VisitTimesTest : public ::testing::Test {
 protected:
  void write(const std::string& text) const { std::ofstream(path_, std::ios::binary) << text; }
  [[nodiscard]] std::string text() const {
    std::ifstream file(path_, std::ios::binary);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
  }

  const TemporaryDirectory directory_;
  const std::string path_ = directory_.path() + "/turns";
};

TEST_F(VisitTimesTest, AreReadAgain) {
  {
    VisitTimes times(path_);
    EXPECT_EQ(times.last(0, 7), 0);
    times.note(0, 7, 1700000001);
    times.note(1, 7, 1700000002);
    times.note(0, 18446744073709551615U, 1700000003);
    times.note(0, 7, 1700000004);
  }
  const VisitTimes times(path_);
  EXPECT_EQ(times.last(0, 7), 1700000004);
  EXPECT_EQ(times.last(1, 7), 1700000002);
  EXPECT_EQ(times.last(0, 18446744073709551615U), 1700000003);
  EXPECT_EQ(times.last(0, 8), 0);
}

TEST_F(VisitTimesTest, WhatMakesNoSenseIsLeftOut) {
  write("0 1 1700000001\n0 2\n-1 3 1700000001\n0 4 x\n\n0  5 1700000001\n0 6 -5\n0 7 1 1\nx\n" +
        std::string(200000, '0') + "\n0 8 1700000002\n0 9 170000000");
  const VisitTimes times(path_);
  EXPECT_EQ(times.last(0, 1), 1700000001);
  for (const std::uint64_t partition : {2U, 3U, 4U, 5U, 6U, 7U, 9U})
    EXPECT_EQ(times.last(0, partition), 0) << partition;
}

TEST_F(VisitTimesTest, AreReadWhereverAPieceOfTheFileEnds) {
  std::string lines;
  for (int partition = 100'000; partition < 120'000; ++partition) {
    lines += fmt::format("0 {} 17{:08}\n", partition, partition);
  }
  write(lines);
  const VisitTimes times(path_);
  for (int partition = 100'000; partition < 120'000; ++partition) {
    ASSERT_EQ(times.last(0, static_cast<std::uint64_t>(partition)), 1'700'000'000 + partition);
  }
}

TEST_F(VisitTimesTest, AFileWithoutEndsOfLinesIsReplaced) {
  write(std::string(500'000, '0'));
  { VisitTimes(path_).keep_what_was_asked_for(); }
  EXPECT_EQ(text(), "");
}

TEST_F(VisitTimesTest, AFileThatIsNoneIsForgotten) {
  std::filesystem::create_directory(path_);
  VisitTimes times(path_);
  EXPECT_EQ(times.last(0, 1), 0);
  times.note(0, 1, 1700000001);
  std::filesystem::remove(path_);
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  VisitTimes of_fifo(path_);
  EXPECT_EQ(of_fifo.last(0, 1), 0);
}

TEST_F(VisitTimesTest, KeepsTheFileSmall) {
  std::string lines;
  for (int turn = 0; turn < 600; ++turn) lines += "0 1 17000\n0 2 17000\n";
  write(lines + "0 1 1700000001\n0 2 1700000002\n0 3 1700000003\n");
  {
    VisitTimes times(path_);
    EXPECT_EQ(times.last(0, 1), 1700000001);
    EXPECT_EQ(times.last(0, 2), 1700000002);
    // Partition 3 has gone.
    times.keep_what_was_asked_for();
    times.note(0, 4, 1700000004);
  }
  const VisitTimes times(path_);
  EXPECT_LT(text().size(), 100U);
  EXPECT_EQ(times.last(0, 1), 1700000001);
  EXPECT_EQ(times.last(0, 2), 1700000002);
  EXPECT_EQ(times.last(0, 3), 0);
  EXPECT_EQ(times.last(0, 4), 1700000004) << "noted in the new file";
}

}  // namespace
}  // namespace ssync
