#include "common/store/data_reader.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "common/os/fd.h"
#include "common/os/md5.h"
#include "common/python/errors.h"
#include "common/store/errors.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

constexpr char kTime[] = "1700000000.00000";

class DataReaderTest : public ::testing::Test {
 protected:
  DataReaderTest() { device_.settings().disk_chunk_size = 1024; }

  // Opens the object that was stored before.
  DataReader& open() {
    file_.emplace(device_.partition(), name_);
    if (file_->open(ExpiredObjects::refuse, 0) != OpenOutcome::open) throw std::runtime_error("not open");
    return reader_.emplace(device_.partition(), *file_, PageCache::drop);
  }
  void store(const std::string& data, const std::string& etag) {
    device_.add_data(name_, kTime, data, {{"ETag", etag}});
  }
  std::string read_to_end() {
    std::string all;
    for (;;) {
      const std::string_view piece = reader_->read();
      if (piece.empty()) return all;
      EXPECT_LE(piece.size(), 1024U);
      all += piece;
    }
  }
  [[nodiscard]] bool is_quarantined() const { return !device_.quarantined().empty(); }

  TemporaryDevice device_;
  const ObjectName name_{"a", "c", "o"};
  const std::string data_ = std::string(3000, 'x') + "end";
  std::optional<DiskFile> file_;
  std::optional<DataReader> reader_;
};

TEST_F(DataReaderTest, ReadsPieces) {
  store(data_, md5_hex(data_));
  DataReader& reader = open();
  EXPECT_EQ(reader.size(), 3003);
  EXPECT_EQ(read_to_end(), data_);
  reader.start_at(2990);
  EXPECT_EQ(read_to_end(), data_.substr(2990));
  reader.start_at(5000);
  EXPECT_EQ(read_to_end(), "");
  reader.start_at(0);
  EXPECT_EQ(read_to_end(), data_);
  reader.finish();
  EXPECT_FALSE(is_quarantined());
}

TEST_F(DataReaderTest, QuarantinesAnObjectWithAnotherEtag) {
  store(data_, "0123");
  open();
  read_to_end();
  EXPECT_FALSE(is_quarantined());
  reader_->finish();
  EXPECT_TRUE(is_quarantined());
  EXPECT_FALSE(std::filesystem::exists(device_.hash_dir_of(name_)));
  EXPECT_EQ(device_.invalid_suffixes(), std::vector<std::string>{device_.hash_of(name_).substr(29)});
}

TEST_F(DataReaderTest, JudgesOnlyWhatWasReadFromFirstToLast) {
  store(data_, "0123");
  DataReader& reader = open();
  reader.finish();
  reader.read();
  reader.finish();
  reader.start_at(1);
  read_to_end();
  reader.finish();
  // Only the last reading counts, as in Swift.
  reader.start_at(0);
  read_to_end();
  reader.start_at(5);
  reader.read();
  reader.finish();
  EXPECT_FALSE(is_quarantined());
  reader.start_at(0);
  read_to_end();
  reader.finish();
  EXPECT_TRUE(is_quarantined());
}

TEST_F(DataReaderTest, QuarantinesAnObjectThatBecameShorter) {
  store(data_, md5_hex(data_));
  open();
  std::filesystem::resize_file(device_.hash_dir_of(name_) + "/" + kTime + ".data", 2000);
  EXPECT_EQ(read_to_end().size(), 2000U);
  reader_->finish();
  EXPECT_TRUE(is_quarantined());
}

TEST_F(DataReaderTest, LeavesTheNewerVersionWhereItIs) {
  store(data_, "0123");
  open();
  std::filesystem::remove(device_.hash_dir_of(name_) + "/" + kTime + ".data");
  device_.add_data(name_, "1700000005.00000", "newer");
  EXPECT_EQ(read_to_end(), data_);
  reader_->finish();
  EXPECT_FALSE(is_quarantined());
  EXPECT_EQ(device_.files_of(name_), std::vector<std::string>{"1700000005.00000.data"});
}

TEST_F(DataReaderTest, LeavesWhatIsDamagedIfTold) {
  store(data_, "0123");
  file_.emplace(device_.partition(), name_);
  ASSERT_EQ(file_->open(ExpiredObjects::refuse, 0), OpenOutcome::open);
  reader_.emplace(device_.partition(), *file_, PageCache::drop, DamagedObjects::leave);
  EXPECT_EQ(read_to_end(), data_);
  EXPECT_THROW(reader_->finish(), DamagedObject);
  EXPECT_FALSE(is_quarantined());
  EXPECT_EQ(device_.files_of(name_), std::vector<std::string>{std::string(kTime) + ".data"});
}

TEST_F(DataReaderTest, SurvivesAQuarantineThatFails) {
  store(data_, "0123");
  open();
  read_to_end();
  std::ofstream(device_.path() + "/quarantined") << "a file in its place";
  reader_->finish();
  EXPECT_TRUE(std::filesystem::exists(device_.hash_dir_of(name_)));
}

TEST_F(DataReaderTest, NeedsAnEtag) {
  Metadata metadata = TemporaryDevice::named(name_, kTime);
  metadata.set("Content-Length", "3");
  device_.add_file(name_, std::string(kTime) + ".data", metadata, "abc");
  EXPECT_THROW(open(), ValueError);
}

class FragmentReaderTest : public DataReaderTest {
 protected:
  FragmentReaderTest()
      : partition_{.settings = device_.partition().settings,
                   .conf = device_.partition().conf,
                   .policy = *device_.partition().conf.policies.by_index(2),
                   .device_path = device_.path(),
                   .name = "7"} {}

  void open_archive(const std::string& data) {
    const std::string hash_dir = partition_.hash_dir(device_.hash_of(name_));
    std::filesystem::create_directories(hash_dir);
    const std::string path = hash_dir + "/" + kTime + "#1#d.data";
    std::ofstream(path, std::ios::binary) << data;
    Metadata metadata = TemporaryDevice::named(name_, kTime);
    metadata.set("Content-Length", std::to_string(data.size()));
    metadata.set("ETag", md5_hex(data));
    write_metadata(open_file(path, O_WRONLY).get(), metadata, path);
    file_.emplace(partition_, name_);
    if (file_->open(ExpiredObjects::refuse, 0) != OpenOutcome::open) throw std::runtime_error("not open");
    reader_.emplace(partition_, *file_, PageCache::keep_small);
  }
  [[nodiscard]] bool is_archive_quarantined() const {
    return !names_in(device_.path() + "/quarantined/objects-2").empty();
  }

  Partition partition_;
};

TEST_F(FragmentReaderTest, RefusesWhatIsNoFragmentAtItsEnd) {
  open_archive("no fragment");
  EXPECT_EQ(read_to_end(), "no fragment");
  EXPECT_FALSE(is_archive_quarantined());
  EXPECT_THROW(reader_->finish(), DamagedObject);
  EXPECT_TRUE(is_archive_quarantined());
}

TEST_F(FragmentReaderTest, RefusesWhatIsNoFragmentAsSoonAsItIsWhole) {
  const std::size_t size = fragment_size(partition_.policy.erasure_coding).value();
  open_archive(std::string(size + 5000, 'x'));
  EXPECT_THROW(
      {
        for (std::size_t count = 0; count < size;) count += reader_->read().size();
      },
      DamagedObject);
  EXPECT_TRUE(is_archive_quarantined());
}

TEST_F(FragmentReaderTest, ChecksNothingFromTheMiddle) {
  open_archive("no fragment");
  reader_->start_at(1);
  read_to_end();
  reader_->finish();
  EXPECT_FALSE(is_archive_quarantined());
}

TEST_F(FragmentReaderTest, TakesAnEmptyArchive) {
  open_archive("");
  EXPECT_EQ(read_to_end(), "");
  reader_->finish();
  EXPECT_FALSE(is_archive_quarantined());
}

}  // namespace
}  // namespace ssync
