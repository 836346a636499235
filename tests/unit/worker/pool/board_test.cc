#include "worker/pool/board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <random>
#include <thread>
#include <vector>

#include "worker/pool/admission.h"

namespace ssync {
namespace {

constexpr int kPlaces = 16;

BoardRequest get_of(const std::string& device) {
  return {.method = "GET", .device = device, .partition = ""};
}
BoardRequest session_of(const std::string& device, const std::string& partition, std::int64_t policy = 0) {
  return {.method = "SSYNC", .device = device, .partition = partition, .policy = policy};
}

class BoardTest : public ::testing::Test {
 protected:
  // A board for a pool of so many workers and slots, all of whose workers are idle.
  void make(int workers, int slots) {
    board_ = std::make_unique<Board>(kPlaces, Room{.workers = workers, .slots = slots});
    places_.clear();
    for (int i = 0; i < kPlaces; ++i) places_.emplace_back(*board_, board_->use());
  }
  BoardPlace& place(int index) { return places_[static_cast<std::size_t>(index)]; }

  std::unique_ptr<Board> board_;
  std::vector<BoardPlace> places_;
};

TEST_F(BoardTest, SlotsAreAsManyAsCounted) {
  make(12, 2);
  EXPECT_EQ(board_->free_slots(), 2);
  EXPECT_TRUE(place(0).admit_session(session_of("sda", "1"), 0));
  EXPECT_TRUE(place(1).admit_session(session_of("sdb", "2"), 0));
  EXPECT_EQ(board_->free_slots(), 0);
  EXPECT_FALSE(place(2).admit_session(session_of("sdc", "3"), 0));
  place(0).leave();
  EXPECT_EQ(board_->free_slots(), 1);
  place(0).leave();
  EXPECT_EQ(board_->free_slots(), 1) << "given back once";
  EXPECT_TRUE(place(2).admit_session(session_of("sdc", "3"), 0));
}

TEST_F(BoardTest, OfSessionsWithoutALimitOneWorkerIsLeft) {
  make(4, 0);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(place(i).admit_session(session_of("sda", std::to_string(i)), 0));
  EXPECT_FALSE(place(3).admit_session(session_of("sda", "3"), 0));
  board_->set_leaving(0);
  EXPECT_TRUE(place(3).admit_session(session_of("sda", "3"), 0)) << "another worker takes its place";
}

TEST_F(BoardTest, AnotherNumberOfSlotsHoldsForNewSessions) {
  make(12, 1);
  ASSERT_TRUE(place(0).admit_session(session_of("sda", "1"), 0));
  ASSERT_FALSE(place(1).admit_session(session_of("sda", "2"), 0));
  board_->set_room({.workers = 12, .slots = 3});
  EXPECT_EQ(board_->free_slots(), 2);
  ASSERT_TRUE(place(1).admit_session(session_of("sda", "2"), 0));
  ASSERT_TRUE(place(2).admit_session(session_of("sda", "3"), 0));
  board_->set_room({.workers = 12, .slots = 1});
  EXPECT_EQ(board_->free_slots(), 0);
  place(0).leave();
  place(1).leave();
  EXPECT_EQ(board_->free_slots(), 0) << "the third still runs";
  place(2).leave();
  EXPECT_EQ(board_->free_slots(), 1);
  board_->set_room({.workers = 12, .slots = 0});
  EXPECT_EQ(board_->free_slots(), 0);
  ASSERT_TRUE(place(0).admit_session(session_of("sda", "1"), 0));
  board_->set_room({.workers = 12, .slots = 2});
  EXPECT_EQ(board_->free_slots(), 1) << "one that began without a limit counts";
}

TEST_F(BoardTest, ASessionWaitsForItsPartitionThenItsDeviceThenASlot) {
  make(12, 3);
  ASSERT_TRUE(place(0).admit_session(session_of("sda", "1"), 1));
  EXPECT_EQ(place(0).take_turn(1), Turn::taken);
  ASSERT_TRUE(place(1).admit_session(session_of("sda", "1"), 1));
  EXPECT_EQ(place(1).take_turn(1), Turn::partition_busy);
  EXPECT_EQ(board_->free_slots(), 2) << "without a slot";
  ASSERT_TRUE(place(2).admit_session(session_of("sda", "1", 1), 1)) << "of another policy: another partition";
  EXPECT_EQ(place(2).take_turn(1), Turn::device_busy);
  ASSERT_FALSE(place(3).admit_session(session_of("sda", "2"), 1)) << "two may wait";
  ASSERT_TRUE(place(3).admit_session(session_of("sdb", "1"), 1)) << "another device's may run";
  place(0).leave();
  EXPECT_EQ(place(1).take_turn(1), Turn::taken);
  EXPECT_EQ(place(2).take_turn(1), Turn::device_busy);
  place(1).leave();
  ASSERT_TRUE(place(0).admit_session(session_of("sdc", "1"), 1));
  ASSERT_TRUE(place(1).admit_session(session_of("sdd", "1"), 1));
  EXPECT_EQ(place(2).take_turn(1), Turn::no_slot);
  place(0).leave();
  EXPECT_EQ(place(2).take_turn(1), Turn::taken);
}

// As with Swift's locks, which are taken one after the other.
TEST_F(BoardTest, ASessionThatWaitsForItsDeviceHasItsPartition) {
  make(12, 4);
  ASSERT_TRUE(place(0).admit_session(session_of("sda", "1"), 1));
  ASSERT_TRUE(place(1).admit_session(session_of("sda", "2"), 1));
  ASSERT_TRUE(place(2).admit_session(session_of("sda", "2"), 1));
  place(0).leave();
  EXPECT_EQ(place(2).take_turn(1), Turn::partition_busy);
  EXPECT_EQ(place(1).take_turn(1), Turn::taken);
}

TEST_F(BoardTest, ADeviceHasAsManySessionsAsTheOptionSays) {
  for (const int per_device : {1, 2, 3, 0}) {
    make(12, 4);
    int running = 0;
    for (int i = 0; i < 4; ++i) {
      if (!place(i).admit_session(session_of("sda", std::to_string(i)), per_device)) continue;
      if (place(i).take_turn(per_device) == Turn::taken) ++running;
    }
    EXPECT_EQ(running, per_device == 0 ? 4 : per_device);
  }
}

TEST_F(BoardTest, RequestsBesideSessionsAreLimitedPerDeviceAndInAll) {
  make(12, 4);  // 7 beside the sessions, 5 of one device
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(place(i).admit(get_of("sda")));
  EXPECT_FALSE(place(5).admit(get_of("sda")));
  EXPECT_TRUE(place(5).admit(get_of("sdb")));
  EXPECT_TRUE(place(6).admit(get_of("sdc")));
  EXPECT_FALSE(place(7).admit(get_of("sdd")));
  for (int i = 7; i < 11; ++i) {
    EXPECT_TRUE(place(i).admit_session(session_of("sd" + std::to_string(i), "1"), 1))
        << "sessions have theirs";
  }
  place(0).leave();
  EXPECT_TRUE(place(0).admit(get_of("sda")));
  board_->set_leaving(0);
  EXPECT_TRUE(place(11).admit(get_of("sda"))) << "another worker takes its place";
}

TEST_F(BoardTest, SessionsThatWaitTakeRoomFromTheRequestsOfTheirDevice) {
  make(12, 4);
  ASSERT_TRUE(place(0).admit_session(session_of("sda", "1"), 1));
  for (int i = 1; i < 4; ++i)
    ASSERT_TRUE(place(i).admit_session(session_of("sda", std::to_string(i + 1)), 1));
  EXPECT_TRUE(place(4).admit(get_of("sda")));
  EXPECT_TRUE(place(5).admit(get_of("sda")));
  EXPECT_FALSE(place(6).admit(get_of("sda")));
  EXPECT_TRUE(place(6).admit(get_of("sdb")));
  EXPECT_TRUE(place(7).admit_session(session_of("sdb", "1"), 1));
}

TEST_F(BoardTest, ADeadWorkersPartitionDeviceAndRoomAreFree) {
  make(5, 4);
  ASSERT_TRUE(place(0).admit_session(session_of("sda", "1"), 1));
  ASSERT_TRUE(place(1).admit(get_of("sda")));
  place(0).begin(Phase::updates);
  place(0).progress().lines = 17;
  EXPECT_THAT(
      board_text(board_->free(0)),
      ::testing::MatchesRegex("SSYNC /sda/1 of  \\(updates, for 0.0 s, 17 lines and 0 bytes read, 0 bytes "
                              "written\\)"));
  board_->free(1);
  EXPECT_EQ(board_->free_slots(), 4);
  EXPECT_EQ(board_->use(), 0);
  EXPECT_TRUE(place(0).admit_session(session_of("sda", "1"), 1));
  EXPECT_EQ(place(0).take_turn(1), Turn::taken);
  EXPECT_EQ(board_->use(), 1);
  EXPECT_TRUE(place(1).admit(get_of("sda")));
  EXPECT_EQ(board_->use(), -1) << "all are used";
}

TEST_F(BoardTest, WhateverMayGiveAnotherSessionItsTurnIsAnnounced) {
  make(12, 4);
  ASSERT_TRUE(place(0).admit_session(session_of("sda", "1"), 1));
  ASSERT_EQ(place(0).take_turn(1), Turn::taken);
  ASSERT_TRUE(place(1).admit_session(session_of("sda", "1"), 1));
  ASSERT_TRUE(place(2).admit_session(session_of("sda", "1"), 1));
  ASSERT_TRUE(place(3).admit(get_of("sda")));
  struct Case {
    const char* why;
    std::function<void()> change;
    bool is_announced;
  };
  const Case cases[] = {
      {"a look", [&] { static_cast<void>(place(1).take_turn(1)); }, false},
      {"a request beside the sessions leaves", [&] { place(3).leave(); }, false},
      {"who has nothing leaves", [&] { place(3).leave(); }, false},
      {"a session that waits leaves", [&] { place(2).leave(); }, true},
      {"one that runs leaves", [&] { place(0).leave(); }, true},
      {"it has left already", [&] { place(0).leave(); }, false},
      {"a worker has died", [&] { board_->free(1); }, true},
      {"there are more slots", [&] { board_->set_room({.workers = 12, .slots = 5}); }, true},
  };
  for (const Case& c : cases) {
    const std::uint32_t seen = place(4).departures().seen();
    c.change();
    EXPECT_EQ(place(4).departures().seen() != seen, c.is_announced) << c.why;
  }
}

TEST_F(BoardTest, ADepartureIsAnnouncedAfterIt) {
  make(12, 4);
  for (int round = 0; round < 100; ++round) {
    ASSERT_TRUE(place(0).admit_session(session_of("sda", "1"), 1));
    ASSERT_TRUE(place(1).admit_session(session_of("sda", "1"), 1));
    const std::uint32_t seen = place(1).departures().seen();
    const std::jthread leaving([&] { place(0).leave(); });
    while (place(1).departures().seen() == seen) std::this_thread::yield();
    EXPECT_EQ(place(1).take_turn(1), Turn::taken);
    place(1).leave();
  }
}

TEST_F(BoardTest, BytesOfUpdatesAreWithoutThoseOfTheList) {
  make(5, 4);
  for (int request = 0; request < 2; ++request) {
    place(0).begin(Phase::missing_check);
    place(0).progress().bytes_in += 500;
    EXPECT_EQ(board_->view(0).update_bytes, 0);
    place(0).set_phase(Phase::updates);
    place(0).progress().bytes_in += 70;
    place(0).set_phase(Phase::ending);
    EXPECT_EQ(board_->view(0).update_bytes, 70);
    EXPECT_EQ(board_->view(0).bytes_in, 570);
  }
}

TEST_F(BoardTest, NamesFromTheWireAreBoundedAndQuoted) {
  make(5, 4);
  const std::string longest(100000, 'x');
  const BoardRequest request{
      .method = longest, .device = "a\nb" + longest, .partition = longest, .remote_addr = longest};
  ASSERT_TRUE(place(0).admit_session(request, 1));
  EXPECT_EQ(board_->view(0).request.device.size(), 255U);
  EXPECT_THAT(board_text(board_->view(0)), ::testing::HasSubstr("/a%0Abx"));
  EXPECT_EQ(board_text(board_->view(1)), "no request");
  place(1).begin(Phase::reading_head);
  EXPECT_THAT(board_text(board_->view(1)),
              ::testing::StartsWith("no request (reading the request's head, for"));
}

// What a worker does between two requests, over and over.
void take_and_give(BoardPlace& mine) {
  static_cast<void>(mine.admit_session(session_of("sda", "1"), 1));
  mine.leave();
}

[[noreturn]] void take_and_give_for_ever(BoardPlace& mine) {
  for (;;) take_and_give(mine);
}

long from_environment(const char* name, long otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atol(value);
}

// Workers that take and give back for ever, killed one after the other at a random moment.
class KilledWorkers {
 public:
  KilledWorkers(Board& board, std::vector<BoardPlace>& places, int count) : board_(board), places_(places) {
    for (int i = 0; i < count; ++i) pids_.push_back(start(i));
  }
  ~KilledWorkers() {
    for (std::size_t i = 0; i < pids_.size(); ++i) end(static_cast<int>(i));
  }
  KilledWorkers(const KilledWorkers&) = delete;
  KilledWorkers& operator=(const KilledWorkers&) = delete;

  int kill_any() {
    std::this_thread::sleep_for(std::chrono::microseconds(random_() % 500));
    const auto victim = static_cast<int>(random_() % pids_.size());
    end(victim);
    return victim;
  }
  void replace(int victim) {
    EXPECT_EQ(board_.use(), victim);
    pids_[static_cast<std::size_t>(victim)] = start(victim);
  }

 private:
  pid_t start(int index) {
    const pid_t pid = ::fork();
    if (pid == 0) take_and_give_for_ever(places_[static_cast<std::size_t>(index)]);
    return pid;
  }
  void end(int index) {
    const pid_t pid = pids_[static_cast<std::size_t>(index)];
    EXPECT_EQ(::kill(pid, SIGKILL), 0);
    EXPECT_EQ(::waitpid(pid, nullptr, 0), pid);
    board_.free(index);
  }

  Board& board_;
  std::vector<BoardPlace>& places_;
  std::vector<pid_t> pids_;
  std::mt19937 random_{20261127};
};

// SSYNC_KILLS: how many; the full run has 10,000 of each.
TEST_F(BoardTest, IsRightAfterEachKill) {
  make(8, 4);
  const long kills = from_environment("SSYNC_KILLS", 150);
  KilledWorkers workers(*board_, places_, 1);
  for (long kill = 0; kill < kills; ++kill) {
    const int victim = workers.kill_any();
    ASSERT_EQ(board_->free_slots(), 4) << "after " << kill << " kills";
    workers.replace(victim);
  }
}

TEST_F(BoardTest, IsRightAfterKillsAmongOthers) {
  make(8, 4);
  const long kills = from_environment("SSYNC_KILLS", 150);
  {
    KilledWorkers workers(*board_, places_, 4);
    for (long kill = 0; kill < kills; ++kill) workers.replace(workers.kill_any());
  }
  EXPECT_EQ(board_->free_slots(), 4);
}

// A child that stops before it takes and gives back once, to be run instruction by instruction.
class SteppedWorker {
 public:
  explicit SteppedWorker(BoardPlace& place) : pid_(::fork()) {
    if (pid_ == 0) {
      if (::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr) != 0) ::_exit(3);
      ::raise(SIGSTOP);
      take_and_give(place);
      ::_exit(0);
    }
    int status = 0;
    EXPECT_EQ(::waitpid(pid_, &status, 0), pid_);
    has_ended_ = !WIFSTOPPED(status);
  }
  ~SteppedWorker() {
    if (has_ended_) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  SteppedWorker(const SteppedWorker&) = delete;
  SteppedWorker& operator=(const SteppedWorker&) = delete;

  // How many of so many instructions there were before its end.
  long run(long instructions) {
    long done = 0;
    while (done < instructions && !has_ended_) {
      int status = 0;
      if (::ptrace(PTRACE_SINGLESTEP, pid_, nullptr, nullptr) != 0) break;
      if (::waitpid(pid_, &status, 0) != pid_) break;
      has_ended_ = !WIFSTOPPED(status);
      ++done;
    }
    return done;
  }

 private:
  pid_t pid_;
  bool has_ended_ = true;
};

// SSYNC_INSTRUCTION_KILLS: how many, spread over all instructions.
TEST_F(BoardTest, IsRightAfterAKillAtAnyInstruction) {
  make(8, 4);
  const long all = SteppedWorker(place(0)).run(10'000'000);
  if (all == 0) GTEST_SKIP() << "no ptrace here";
  const long kills = std::min(all, from_environment("SSYNC_INSTRUCTION_KILLS", 4));
  for (long kill = 0; kill < kills; ++kill) {
    const long instructions = all * kill / kills;
    make(8, 4);
    EXPECT_EQ(SteppedWorker(place(0)).run(instructions), instructions);
    board_->free(0);
    ASSERT_EQ(board_->free_slots(), 4) << "after " << instructions << " of " << all << " instructions";
    // Nothing else is held either.
    ASSERT_TRUE(place(1).admit_session(session_of("sda", "1"), 1)) << instructions;
    ASSERT_EQ(place(1).take_turn(1), Turn::taken) << instructions;
  }
}

}  // namespace
}  // namespace ssync
