#include "common/store/commit_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "common/hashes/hashes_lock.h"
#include "common/os/lock_path.h"
#include "common/store/disk_file.h"
#include "tests/unit/temporary_device.h"
#include "tests/unit/thread_count.h"

namespace ssync {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const char kT1[] = "1700000001.00000";
const char kT2[] = "1700000002.00000";

class CommitQueueTest : public ::testing::Test {
 protected:
  static ObjectName object(int number) { return {"a", "c", "o" + std::to_string(number)}; }

  static std::unique_ptr<StagedFile> staged(CommitQueue& queue, const TemporaryDevice& device,
                                            const ObjectName& name, const std::string& time = kT1,
                                            const std::string& data = "hello",
                                            std::optional<int> fragment_index = std::nullopt) {
    auto writer = std::make_unique<StagedFile>(device.partition(), name, FileKind::data,
                                               static_cast<std::int64_t>(data.size()), queue.unsynced());
    writer->write(data);
    Metadata metadata;
    metadata.set("X-Timestamp", time);
    metadata.set("Content-Length", std::to_string(data.size()));
    metadata.set("ETag", "unchecked");
    writer->stage(std::move(metadata), fragment_index);
    return writer;
  }
  std::optional<CommitTicket> commit(CommitQueue& queue, const ObjectName& name,
                                     const std::string& time = kT1, const std::string& data = "hello") {
    return queue.commit(staged(queue, device_, name, time, data), Durability::durable);
  }
  [[nodiscard]] OpenOutcome state_of(const ObjectName& name) const {
    return DiskFile(device_.partition(), name).open(ExpiredObjects::refuse, 0);
  }
  static std::string text_of(const std::exception_ptr& failure) {
    if (!failure) return "durable";
    try {
      std::rethrow_exception(failure);
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  static std::vector<std::string> outcomes(CommitQueue& queue) {
    std::vector<std::string> texts;
    for (const CommitResult& result : queue.take_results()) texts.push_back(text_of(result.failure));
    return texts;
  }

  TemporaryDevice device_;
  DiskThreads threads_{4};
};

TEST_F(CommitQueueTest, ResultsComeInTheOrderOfTheTickets) {
  constexpr int kObjects = 700;
  CommitQueue queue(device_.partition(), threads_, CommitMode::group);
  for (int i = 0; i < kObjects; ++i) EXPECT_EQ(commit(queue, object(i)), i);
  queue.finish();
  const std::vector<CommitResult> results = queue.take_results();
  ASSERT_THAT(results, SizeIs(kObjects));
  std::set<std::string> suffixes;
  for (int i = 0; i < kObjects; ++i) {
    EXPECT_EQ(results[static_cast<std::size_t>(i)].ticket, i);
    EXPECT_EQ(text_of(results[static_cast<std::size_t>(i)].failure), "durable");
    EXPECT_EQ(state_of(object(i)), OpenOutcome::open);
    suffixes.insert(device_.hash_of(object(i)).substr(29));
  }
  const std::vector<std::string> invalid = device_.invalid_suffixes();
  EXPECT_EQ(std::set<std::string>(invalid.begin(), invalid.end()), suffixes);
  EXPECT_THAT(queue.take_results(), IsEmpty());
}

// A line for each file, before any of them can be seen.
TEST_F(CommitQueueTest, SuffixesAreInvalidBeforeTheirFilesAreThere) {
  CommitQueue queue(device_.partition(), threads_, CommitMode::group);
  {
    const PathLock lock = lock_hashes(device_.partition().path());
    for (int i = 10; i < 60; ++i) commit(queue, object(1), "17000000" + std::to_string(i) + ".00000");
    EXPECT_THAT(device_.invalid_suffixes(), IsEmpty());
    EXPECT_THAT(device_.files_of(object(1)), IsEmpty());
  }
  queue.finish();
  EXPECT_THAT(device_.files_of(object(1)), ElementsAre("1700000059.00000.data"));
  EXPECT_THAT(device_.invalid_suffixes(), SizeIs(50));
}

TEST_F(CommitQueueTest, TheFirstSmallFilesNeedNoThread) {
  DiskThreads none(1);
  CommitQueue queue(device_.partition(), none, CommitMode::group);
  const auto before = thread_count();
  EXPECT_EQ(commit(queue, object(1)), 0);
  EXPECT_EQ(state_of(object(1)), OpenOutcome::not_exist);
  queue.settle(device_.hash_dir_of(object(2)));
  EXPECT_EQ(state_of(object(1)), OpenOutcome::not_exist) << "that of another object does not hurry it";
  queue.settle(device_.hash_dir_of(object(1)));
  EXPECT_EQ(state_of(object(1)), OpenOutcome::open);
  EXPECT_EQ(commit(queue, object(2)), 1);
  EXPECT_TRUE(queue.has_few_waiting());
  queue.commit_few();
  EXPECT_FALSE(queue.has_few_waiting());
  EXPECT_EQ(state_of(object(2)), OpenOutcome::open);
  EXPECT_EQ(commit(queue, object(3)), 2);
  EXPECT_EQ(commit(queue, object(4)), 3);
  EXPECT_EQ(state_of(object(4)), OpenOutcome::not_exist);
  EXPECT_EQ(thread_count(), before);
  // More of them, or a large one, are worth it.
  EXPECT_EQ(commit(queue, object(6)), 4);
  EXPECT_EQ(thread_count(), before + 1);
  queue.finish();
  for (const int number : {3, 4, 6}) EXPECT_EQ(state_of(object(number)), OpenOutcome::open);
  EXPECT_THAT(outcomes(queue), ElementsAre("durable", "durable", "durable", "durable", "durable"));
  CommitQueue of_large(device_.partition(), none, CommitMode::group);
  EXPECT_EQ(commit(of_large, object(5), kT1, std::string(65537, 'x')), 0);
  EXPECT_EQ(thread_count(), before + 2);
}

// With the last of a few files they are synced already; else it is done when it is asked for.
TEST_F(CommitQueueTest, InvalidationsAreSyncedOnce) {
  const std::string path = device_.partition().path() + "/hashes.invalid";
  const auto make_unreadable = [&] {
    std::filesystem::remove(path);
    std::filesystem::create_symlink("hashes.invalid", path);
  };
  CommitQueue of_few(device_.partition(), threads_, CommitMode::group);
  commit(of_few, object(1));
  of_few.finish();
  make_unreadable();
  EXPECT_NO_THROW(of_few.sync_invalidations());
  std::filesystem::remove(path);
  CommitQueue earlier(device_.partition(), threads_, CommitMode::group);
  commit(earlier, object(2));
  earlier.commit_few();
  earlier.finish();
  make_unreadable();
  EXPECT_THROW(earlier.sync_invalidations(), OsError);
}

TEST_F(CommitQueueTest, EachModePublishesAtOnce) {
  CommitQueue queue(device_.partition(), threads_, CommitMode::each);
  EXPECT_EQ(commit(queue, object(1)), std::nullopt);
  EXPECT_EQ(state_of(object(1)), OpenOutcome::open);
  EXPECT_THAT(queue.take_results(), IsEmpty());
}

TEST_F(CommitQueueTest, APartitionPowerPublishesAtOnce) {
  CommitQueue queue(device_.partition(), threads_, CommitMode::group);
  EXPECT_EQ(queue.commit(staged(queue, device_, object(1)), Durability::durable,
                         PowerIncrease::from_header(device_.partition(), object(1), "20")),
            std::nullopt);
  EXPECT_EQ(state_of(object(1)), OpenOutcome::open);
}

TEST_F(CommitQueueTest, SettledObjectsCanBeSeen) {
  CommitQueue queue(device_.partition(), threads_, CommitMode::group);
  for (int i = 0; i < 200; ++i) {
    commit(queue, object(i));
    if (i % 17 != 0) continue;
    queue.settle(device_.hash_dir_of(object(i)));
    EXPECT_EQ(state_of(object(i)), OpenOutcome::open);
  }
  queue.settle(device_.hash_dir_of(object(1000)));
}

TEST_F(CommitQueueTest, WhatIsObsoleteIsRemoved) {
  CommitQueue queue(device_.partition(), threads_, CommitMode::group);
  commit(queue, object(1), kT1);
  queue.settle(device_.hash_dir_of(object(1)));
  commit(queue, object(1), kT2);
  queue.finish();
  EXPECT_THAT(device_.files_of(object(1)), ElementsAre(std::string(kT2) + ".data"));
}

TEST_F(CommitQueueTest, TheDestructorPublishesWhatIsLeft) {
  {
    CommitQueue queue(device_.partition(), threads_, CommitMode::group);
    for (int i = 0; i < 50; ++i) commit(queue, object(i));
  }
  for (int i = 0; i < 50; ++i) EXPECT_EQ(state_of(object(i)), OpenOutcome::open);
}

TEST_F(CommitQueueTest, NothingIsLeftOfWhatWasNotCommitted) {
  CommitQueue queue(device_.partition(), threads_, CommitMode::group);
  staged(queue, device_, object(1));
  EXPECT_THAT(device_.files_of(object(1)), IsEmpty());
}

TEST(CommitLimitsTest, LeaveDescriptorsForOthers) {
  struct Case {
    std::uint64_t open_files;
    std::size_t files;
  };
  for (const Case& c :
       {Case{0, 1}, Case{256, 1}, Case{260, 2}, Case{1024, 384}, Case{1280, 512}, Case{1UL << 60, 512}}) {
    EXPECT_EQ(CommitLimits::within(c.open_files).files, c.files) << c.open_files;
  }
}

TEST_F(CommitQueueTest, TheQueueIsBounded) {
  CommitQueue queue(device_.partition(), threads_, CommitMode::group, {.files = 2, .bytes = 8});
  for (int i = 0; i < 50; ++i) commit(queue, object(i), kT1, std::string(static_cast<std::size_t>(i), 'x'));
  queue.finish();
  EXPECT_THAT(queue.take_results(), SizeIs(50));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(state_of(object(i)), OpenOutcome::open);
}

TEST_F(CommitQueueTest, AFailureIsThatOfItsOwnFile) {
  CommitQueue queue(device_.partition(), threads_, CommitMode::group);
  const std::string hash_dir = device_.hash_dir_of(object(1));
  std::vector<std::unique_ptr<StagedFile>> writers;
  for (int i = 0; i < 3; ++i) writers.push_back(staged(queue, device_, object(i)));
  // A directory in the place of the file cannot be replaced by a link.
  fs::create_directories(hash_dir + "/" + kT1 + ".data/in-the-way");
  for (auto& writer : writers) queue.commit(std::move(writer), Durability::durable);
  queue.finish();
  EXPECT_THAT(outcomes(queue), ElementsAre("durable", ::testing::HasSubstr(hash_dir), "durable"));
  EXPECT_EQ(state_of(object(0)), OpenOutcome::open);
  EXPECT_EQ(state_of(object(2)), OpenOutcome::open);
}

TEST_F(CommitQueueTest, AnInvalidationThatFailsFailsItsFiles) {
  CommitQueue queue(device_.partition(), threads_, CommitMode::group);
  auto writer = staged(queue, device_, object(1));
  fs::create_directory(device_.partition().path() + "/hashes.invalid");
  queue.commit(std::move(writer), Durability::durable);
  queue.finish();
  EXPECT_THAT(outcomes(queue), ElementsAre(::testing::HasSubstr("hashes.invalid")));
  EXPECT_THAT(device_.files_of(object(1)), IsEmpty());
}

TEST_F(CommitQueueTest, FragmentsGetTheNameThatTheyAreToHave) {
  const TemporaryDevice device(2);
  CommitQueue queue(device.partition(), threads_, CommitMode::group);
  queue.commit(staged(queue, device, object(1), kT1, "hello", 1), Durability::durable);
  queue.commit(staged(queue, device, object(2), kT1, "hello", 2), Durability::undecided);
  queue.finish();
  EXPECT_THAT(outcomes(queue), ElementsAre("durable", "durable"));
  EXPECT_THAT(device.files_of(object(1)), ElementsAre(std::string(kT1) + "#1#d.data"));
  EXPECT_THAT(device.files_of(object(2)), ElementsAre(std::string(kT1) + "#2.data"));
}

TEST_F(CommitQueueTest, AFragmentThatSomethingNewerReplacedIsNoFailure) {
  const TemporaryDevice device(2);
  CommitQueue queue(device.partition(), threads_, CommitMode::group);
  queue.commit(staged(queue, device, object(1), kT2, "hello", 1), Durability::durable);
  queue.finish();
  queue.commit(staged(queue, device, object(1), kT1, "hello", 1), Durability::undecided);
  queue.finish();
  EXPECT_THAT(outcomes(queue), ElementsAre("durable", "durable"));
}

}  // namespace
}  // namespace ssync
