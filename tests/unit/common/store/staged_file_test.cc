#include "common/store/staged_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <memory>

#include "common/os/errors.h"
#include "common/os/path.h"
#include "common/python/errors.h"
#include "common/store/errors.h"
#include "tests/unit/common/store/staged_file_fixture.h"
#include "tests/unit/thrown_message.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class StagedFileTest : public StagedFileFixture {};

TEST_F(StagedFileTest, LeavesAnEmptyHashDirectoryIfAbandoned) {
  {
    auto w = writer();
    w->write("hello");
    w->stage(metadata());
  }
  EXPECT_EQ(tree(), empty_hash_dir());
}

TEST_F(StagedFileTest, RefusesMetadataWithoutATime) {
  auto w = writer(FileKind::data, 0);
  EXPECT_THROW(w->stage(Metadata()), ValueError);
  EXPECT_THROW(w->stage(metadata("soon")), ValueError);
  EXPECT_THROW(w->stage(metadata(kTime, "later")), ValueError);
}

TEST_F(StagedFileTest, FailsWhereAFileIsInTheHashDirectorysPlace) {
  std::filesystem::create_directories(parent_of(device_.hash_dir_of(name_)));
  std::ofstream(device_.hash_dir_of(name_)) << "x";
  EXPECT_THROW(writer(), OsError);
}

TEST_F(StagedFileTest, RefusesWhatDoesNotFit) {
  device_.settings().fallocate_reserve = {.amount = 100, .is_percent = true};
  EXPECT_THROW(writer(), InsufficientStorage);
  EXPECT_THROW(writer(FileKind::data, 0), InsufficientStorage);
  EXPECT_THROW(writer(FileKind::meta, 0), InsufficientStorage);
  EXPECT_THAT(tree(), IsEmpty()) << "a full device is not filled with empty directories";
  // Deleting is what makes room.
  EXPECT_NO_THROW(writer(FileKind::tombstone, 0));
  device_.settings().disable_fallocate = true;
  EXPECT_NO_THROW(writer());
}

// Without asking fallocate, which would take all that is free first, from everybody else on this file system.
TEST_F(StagedFileTest, RefusesMoreThanTheDeviceHas) {
  EXPECT_EQ(thrown_message<InsufficientStorage>([this] { writer(FileKind::data, std::int64_t{1} << 43); }),
            "8796093022208 bytes are more than is free on " + device_.path());
}

TEST_F(StagedFileTest, IgnoresANegativeSize) { EXPECT_NO_THROW(writer(FileKind::data, -5)); }

TEST_F(StagedFileTest, SaysSoIfMetadataDoNotFit) {
  auto w = writer(FileKind::data, 0);
  Metadata big = metadata();
  big.set("X-Object-Meta-Big", std::string(200000, 'x'));
  EXPECT_THROW(w->stage(big), InsufficientStorage);
  w.reset();
  EXPECT_EQ(tree(), empty_hash_dir());
}

// An earlier session may have made it and stored nothing, and so synced nothing.
TEST_F(StagedFileTest, SyncsTheNameOfAHashDirectoryThatWasThere) {
  const std::string suffix_dir = parent_of(device_.hash_dir_of(name_));
  std::filesystem::create_directories(device_.hash_dir_of(name_));
  auto w = writer();
  EXPECT_THAT(unsynced_.take(), ElementsAre(suffix_dir));
  w = writer();
  EXPECT_THAT(unsynced_.take(), IsEmpty());
}

}  // namespace
}  // namespace ssync
