#include "worker/replicator/pass_board.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "worker/replicator/peer_requests.h"

namespace ssync {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

RingDevice peer(const std::string& device) {
  RingDevice made;
  made.replication_ip = "10.0.0.1";
  made.replication_port = 6200;
  made.device = device;
  return made;
}

class PassBoardTest : public ::testing::Test {
 protected:
  // A pass over so many partitions of sda1, some of which are handoffs.
  void begin(std::size_t partitions, std::size_t handoffs) {
    local_ = {};
    local_.devices.push_back({.policy = &policy_, .name = "sda1"});
    for (std::size_t number = 0; number < partitions; ++number) {
      local_.waiting.push_back(
          {.device = &local_.devices.front(), .number = number, .is_handoff = number < handoffs});
    }
    board_.begin_pass(PassBoard::Mode::forever);
    board_.expect(local_);
  }
  ReplicationJob job(const std::string& partition, bool is_handoff = false) {
    return {.policy = &policy_, .device = "sda1", .partition = partition, .is_handoff = is_handoff};
  }
  [[nodiscard]] ReportedDevice device() const { return board_.report().devices.at(0); }

  StoragePolicy policy_{};
  ReplicatorSettings settings_;
  LocalPartitions local_;
  PassBoard board_{settings_, 1, 3};
  RingDevice sdb_ = peer("sdb1");
  RingDevice sdc_ = peer("sdc1");
};

TEST_F(PassBoardTest, TellsWhatItIsBeforeThereIsAPass) {
  const ReplicatorReport report = board_.report();
  EXPECT_EQ(report.process, 1);
  EXPECT_EQ(report.processes, 3);
  EXPECT_EQ(report.limits.concurrency, settings_.concurrency);
  EXPECT_FALSE(report.last_pass);
  EXPECT_THAT(report.jobs, IsEmpty());
}

TEST_F(PassBoardTest, CountsPartitionsAndHandoffs) {
  begin(10, 3);
  {
    const ReplicationJob handoff = job("0", true);
    const ReplicationJob kept = job("1", true);
    const ReplicationJob late = job("2", true);
    const ReplicationJob own = job("5");
    BoardJob(board_, handoff).set_outcome({});
    BoardJob(board_, kept).set_outcome({.has_handoff_left = true, .failures = 2});
    BoardJob(board_, late).set_outcome({.is_done = false, .has_handoff_left = true});
    BoardJob(board_, own).set_outcome({});
    const BoardJob interrupted(board_, late);
    const ReportedPass pass = board_.report().pass;
    EXPECT_EQ(pass.state, "replicating");
    EXPECT_EQ(pass.partitions, 10);
    EXPECT_EQ(pass.done, 3);
    EXPECT_EQ(pass.running, 1);
    EXPECT_EQ(pass.left, 6);
    EXPECT_EQ(pass.handoffs, 3);
    EXPECT_EQ(pass.handoffs_left, 2);
    EXPECT_GT(pass.rate, 0);
    EXPECT_GT(pass.rate_lately, 0);
    EXPECT_TRUE(pass.remaining_seconds);
  }
  EXPECT_EQ(device().partitions, 10);
  EXPECT_EQ(device().done, 3);
  EXPECT_EQ(device().handoffs_left, 2);
  EXPECT_EQ(device().failures, 2);
  board_.end_early("a ring has changed");
  board_.end_pass();
  board_.rest(30);
  const ReplicatorReport report = board_.report();
  EXPECT_EQ(report.pass.state, "waiting");
  EXPECT_NEAR(*report.pass.until, report.time + 30, 1);
  EXPECT_FALSE(report.pass.remaining_seconds);
  EXPECT_EQ(report.last_pass->ended_early, "a ring has changed");
  EXPECT_EQ(report.last_pass->done, 3);
  begin(4, 0);
  EXPECT_EQ(board_.report().pass.number, 2);
  EXPECT_EQ(device().done, 0);
  EXPECT_EQ(device().failures, 2) << "since the start";
}

TEST_F(PassBoardTest, AJobIsThereWithWhatItDoes) {
  begin(10, 0);
  const ReplicationJob one = job("23");
  {
    BoardJob on_board(board_, one);
    EXPECT_EQ(board_.report().jobs.at(0).state, "hashing");
    on_board.enter(JobState::comparing, &sdb_);
    ReportedJob seen = board_.report().jobs.at(0);
    EXPECT_EQ(seen.state, "comparing");
    EXPECT_EQ(seen.peer, "10.0.0.1:6200/sdb1");
    EXPECT_EQ(seen.kind, "update");
    EXPECT_EQ(seen.partition, "23");
    {
      const PassBoard::PeerIsBusy busy(board_, node_text(sdb_));
      EXPECT_EQ(board_.report().jobs.at(0).state, "waiting for the peer");
      EXPECT_EQ(board_.report().peers.at(0).waiting, 1);
    }
    EXPECT_EQ(board_.report().jobs.at(0).state, "comparing");
    EXPECT_EQ(board_.report().peers.at(0).waiting, 0);
  }
  EXPECT_THAT(board_.report().jobs, IsEmpty());
}

TEST_F(PassBoardTest, SessionsAreInThePlaceOfTheirJobAndCountWhatTheyHaveSent) {
  begin(10, 1);
  const ReplicationJob handoff = job("0", true);
  BoardJob on_board(board_, handoff);
  on_board.enter(JobState::waiting_for_turn);
  {
    BoardSession first(on_board, sdb_);
    const BoardSession second(on_board, sdc_);
    first.enter(JobState::sending);
    first.note({.offered = 9, .wanted = 8, .sent = 7, .bytes = 600});
    const ReplicatorReport report = board_.report();
    ASSERT_THAT(report.jobs, SizeIs(2));
    EXPECT_EQ(report.jobs[0].state, "sending");
    EXPECT_EQ(report.jobs[0].kind, "revert");
    EXPECT_EQ(report.jobs[0].wanted, 8);
    EXPECT_EQ(report.jobs[1].state, "waiting for its turn");
    EXPECT_EQ(report.jobs[1].peer, "10.0.0.1:6200/sdc1");
    ASSERT_THAT(report.peers, SizeIs(2)) << "the one used last is first";
    EXPECT_EQ(report.peers[0].waiting, 1);
    EXPECT_EQ(report.peers[1].sessions, 1);
    EXPECT_EQ(report.peers[1].objects_sent, 7);
    EXPECT_EQ(device().bytes_sent, 600);
    first.held_back()->store(true);
    EXPECT_EQ(board_.report().jobs[0].state, "held back by bandwidth");
    first.note_failure("timed out\n");
  }
  const ReplicatorReport report = board_.report();
  ASSERT_THAT(report.jobs, SizeIs(1));
  EXPECT_EQ(report.jobs[0].peer, "");
  EXPECT_EQ(device().objects_sent, 7);
  EXPECT_EQ(device().last_error, "10.0.0.1:6200/sdb1: timed out ");
  for (const ReportedPeer& one : report.peers) {
    EXPECT_EQ(one.sessions, 0);
    EXPECT_EQ(one.failures, one.peer.ends_with("sdb1") ? 1 : 0);
    EXPECT_EQ(one.last_failure, one.peer.ends_with("sdb1") ? "timed out " : "");
  }
}

TEST_F(PassBoardTest, ListsHaveAnEnd) {
  begin(1, 0);
  std::deque<ReplicationJob> many;
  std::deque<std::unique_ptr<BoardJob>> running;
  for (std::size_t number = 0; number < kMostReportedPeers + 5; ++number) {
    board_.note_failure("sd" + std::to_string(number), peer("p" + std::to_string(number)), "why");
    if (number >= kMostReportedJobs + 4) continue;
    many.push_back(job(std::to_string(number)));
    running.push_back(std::make_unique<BoardJob>(board_, many.back()));
  }
  const ReplicatorReport report = board_.report();
  EXPECT_THAT(report.peers, SizeIs(kMostReportedPeers));
  EXPECT_EQ(report.peers_left_out, 5);
  EXPECT_EQ(report.peers.front().peer, "10.0.0.1:6200/p" + std::to_string(kMostReportedPeers + 4));
  EXPECT_THAT(report.devices, SizeIs(kMostReportedDevices));
  EXPECT_THAT(report.jobs, SizeIs(kMostReportedJobs));
  EXPECT_EQ(report.jobs_left_out, 4);
  EXPECT_EQ(report.pass.running, static_cast<std::int64_t>(kMostReportedJobs) + 4);
  running.clear();
  EXPECT_EQ(board_.report().pass.running, 0);
}

}  // namespace
}  // namespace ssync
