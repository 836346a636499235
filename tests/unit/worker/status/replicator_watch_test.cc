#include "worker/status/replicator_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/os/socket_directory.h"
#include "tests/temporary_directory.h"
#include "worker/replicator_report/report_json.h"
#include "worker/status/ask_replicators.h"

namespace ssync {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Something listens at this number, and says this to the first who comes.
class Listening {
 public:
  Listening(const SocketDirectory& sockets, const std::string& name, std::string text)
      : socket_(sockets.listen(name, 0600, 1)), text_(std::move(text)) {
    if (!text_.empty()) thread_ = std::thread([this] { serve(); });
  }
  ~Listening() {
    ::shutdown(socket_.get(), SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
  }
  Listening(const Listening&) = delete;
  Listening& operator=(const Listening&) = delete;

 private:
  void serve() const {
    for (;;) {
      const Fd connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection) {
        if (errno == EAGAIN) {
          std::this_thread::yield();
          continue;
        }
        return;
      }
      ::send(connection.get(), text_.data(), text_.size(), MSG_NOSIGNAL);
      return;
    }
  }
  Fd socket_;
  std::string text_;
  std::thread thread_;
};

class AskReplicatorsTest : public ::testing::Test {
 protected:
  AskReplicatorsTest() : sockets_(directory_.path()) {}
  TemporaryDirectory directory_;
  SocketDirectory sockets_;
};

TEST_F(AskReplicatorsTest, WithoutADirectoryOrASocketThereIsNone) {
  EXPECT_THAT(ask_replicators(directory_.path()), IsEmpty());
  EXPECT_THAT(ask_replicators(directory_.path() + "/none"), IsEmpty());
  for (const char* name :
       {"ssync-replicator.x.status", "ssync-replicator..status", "ssync-replicator.1.status.new",
        "ssync-replicator.sda1.turns", "ssync-replicator.1234567.status"}) {
    directory_.write(name, "");
  }
  EXPECT_THAT(ask_replicators(directory_.path()), IsEmpty());
  { const Fd dead = sockets_.listen("ssync-replicator.0.status", 0600, 1); }
  EXPECT_THAT(ask_replicators(directory_.path()), IsEmpty()) << "of a process that is gone";
}

TEST_F(AskReplicatorsTest, EachIsAskedAndNobodyIsWaitedForLong) {
  const Listening second(sockets_, "ssync-replicator.10.status", report_text({.pid = 77, .process = 10}));
  const Listening first(sockets_, "ssync-replicator.2.status", report_text({.pid = 78, .process = 2}));
  const Listening silent(sockets_, "ssync-replicator.3.status", "");
  const Listening wrong(sockets_, "ssync-replicator.4.status", "[1, 2]");
  const Listening endless(sockets_, "ssync-replicator.5.status", std::string(2 * kLongestReport, '{'));
  const auto begun = steady_clock::now();
  const auto answers = ask_replicators(directory_.path(), milliseconds(1500));
  EXPECT_LT(steady_clock::now() - begun, milliseconds(10000));
  ASSERT_THAT(answers, SizeIs(5));
  EXPECT_EQ(answers[0].socket, "ssync-replicator.2.status");
  ASSERT_TRUE(answers[0].report && answers[4].report);
  EXPECT_EQ(answers[0].report->pid, 78);
  EXPECT_EQ(answers[4].report->pid, 77);
  for (const std::size_t number : {1U, 2U, 3U}) EXPECT_FALSE(answers[number].report) << number;
}

// Answers as a test wants it, or hangs.
class Scripted {
 public:
  std::vector<ReplicatorAnswer> ask() {
    std::unique_lock lock(mutex_);
    ++asked_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return !hangs_; });
    return answers_;
  }
  void answer(std::vector<ReplicatorAnswer> answers) {
    const std::lock_guard lock(mutex_);
    answers_ = std::move(answers);
  }
  void hang(bool hangs) {
    const std::lock_guard lock(mutex_);
    hangs_ = hangs;
    changed_.notify_all();
  }
  int asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ReplicatorAnswer> answers_;
  bool hangs_ = false;
  int asked_ = 0;
};

class ReplicatorWatchTest : public ::testing::Test {
 protected:
  // Until another round may have been made: what is looked for, or the last state.
  template <typename Condition>
  ReplicatorState await(const Condition& condition) {
    for (const auto until = steady_clock::now() + std::chrono::seconds(30);;) {
      ReplicatorState state = watch_.look();
      if (condition(state) || steady_clock::now() > until) return state;
      std::this_thread::sleep_for(milliseconds(20));
    }
  }

  std::shared_ptr<Scripted> script_ = std::make_shared<Scripted>();
  ReplicatorWatch watch_{[script = script_] { return script->ask(); }};
};

TEST_F(ReplicatorWatchTest, AsksOnlyIfSomebodyWantsToKnowAndOncePerSecond) {
  std::this_thread::sleep_for(milliseconds(50));
  EXPECT_EQ(script_->asked(), 0);
  EXPECT_FALSE(watch_.look().is_there());
  EXPECT_FALSE(watch_.look().is_there());
  EXPECT_EQ(script_->asked(), 1);
}

TEST_F(ReplicatorWatchTest, OneThatDoesNotAnswerKeepsWhatItToldUntilItIsGone) {
  script_->answer({{.socket = "a", .report = ReplicatorReport{.pid = 5}}});
  ReplicatorState state = await([](const ReplicatorState& seen) { return seen.is_there(); });
  ASSERT_THAT(state.processes, SizeIs(1));
  EXPECT_TRUE(state.answers());
  script_->answer({{.socket = "a"}, {.socket = "b"}});
  state = await([](const ReplicatorState& seen) { return !seen.answers(); });
  ASSERT_THAT(state.processes, SizeIs(2));
  EXPECT_EQ(state.processes[0].report->pid, 5);
  EXPECT_GT(state.processes[0].answered, 0);
  EXPECT_FALSE(state.processes[1].report);
  script_->answer({});
  state = await([](const ReplicatorState& seen) { return !seen.is_there(); });
  EXPECT_FALSE(state.is_there());
}

TEST_F(ReplicatorWatchTest, ADiskThatHangsKeepsNobodyWaiting) {
  script_->answer({{.socket = "a", .report = ReplicatorReport{.pid = 5}}});
  await([](const ReplicatorState& seen) { return seen.is_there(); });
  script_->hang(true);
  ReplicatorState state = await([](const ReplicatorState& seen) { return !seen.answers(); });
  EXPECT_FALSE(state.answers());
  EXPECT_EQ(state.processes.at(0).report->pid, 5);
  // Nobody waits for a round that has taken long already.
  const auto begun = steady_clock::now();
  for (int time = 0; time < 50; ++time) state = watch_.look();
  EXPECT_LT(steady_clock::now() - begun, milliseconds(5000));
  EXPECT_FALSE(state.answers());
  script_->hang(false);
  state = await([](const ReplicatorState& seen) { return seen.answers(); });
  EXPECT_TRUE(state.answers());
}

TEST(ReplicatorWatchEndTest, DoesNotWaitForADiskThatHangs) {
  const auto script = std::make_shared<Scripted>();
  script->hang(true);
  const auto begun = steady_clock::now();
  {
    ReplicatorWatch watch([script] { return script->ask(); });
    EXPECT_FALSE(watch.look().is_there());
  }
  EXPECT_LT(steady_clock::now() - begun, milliseconds(10000));
  script->hang(false);
}

}  // namespace
}  // namespace ssync
