#include "common/layout/metadata.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>

#include "common/os/errors.h"
#include "common/os/fd.h"
#include "common/os/md5.h"
#include "common/python/pickle.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

class MetadataFileTest : public ::testing::Test {
 protected:
  MetadataFileTest() : path_(directory_.path() + "/file"), file_(open_file(path_, O_CREAT | O_RDWR)) {}

  void set_attribute(const std::string& key, const std::string& value) const {
    ASSERT_EQ(::fsetxattr(file_.get(), key.c_str(), value.data(), value.size(), 0), 0);
  }
  [[nodiscard]] std::string attribute(const std::string& key) const {
    std::string value(65536, '\0');
    const ssize_t size = ::fgetxattr(file_.get(), key.c_str(), value.data(), value.size());
    value.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    return size < 0 ? "no such attribute" : value;
  }

  TemporaryDirectory directory_;
  std::string path_;
  Fd file_;
};

Metadata sample() {
  Metadata metadata;
  metadata.set("X-Timestamp", "1700000000.00000");
  metadata.set("name", "/a/c/\xc3\xa9");
  metadata.set("X-Object-Meta-Empty", "");
  metadata.set("X-Object-Meta-Nul", std::string("a\0b", 3));
  return metadata;
}

TEST(MetadataTest, KeepsTheOrderAndReplacesInPlace) {
  Metadata metadata;
  metadata.set("b", "1");
  metadata.set("a", "2");
  metadata.set("b", "3");
  metadata.set("B", "4");
  ASSERT_EQ(metadata.items().size(), 3U);
  EXPECT_EQ(metadata.items()[0].value, "3");
  EXPECT_EQ(metadata.items()[2].name, "B");
  metadata.erase("b");
  EXPECT_EQ(metadata.find("b"), nullptr);
  EXPECT_NE(metadata.find("B"), nullptr);
}

TEST(MetadataTest, ANumberThatIsReplacedIsText) {
  Metadata metadata;
  metadata.append({"n", "5", true});
  metadata.set("n", "5");
  EXPECT_FALSE(metadata.items()[0].is_number);
}

TEST_F(MetadataFileTest, ReadsBackWhatItWrote) {
  write_metadata(file_.get(), sample(), path_);
  const MetadataRead by_path = read_metadata(path_);
  EXPECT_EQ(by_path.fault, MetadataFault::none) << by_path.message;
  EXPECT_EQ(as_map(by_path.metadata), as_map(sample()));
  EXPECT_EQ(as_map(read_metadata(file_.get(), path_).metadata), as_map(sample()));
  EXPECT_EQ(attribute("user.swift.metadata_checksum"), md5_hex(attribute("user.swift.metadata")));
  // Swift's readers tell Python 2 from Python 3 by this.
  EXPECT_THAT(attribute("user.swift.metadata").substr(0, 32), HasSubstr("c_codecs\nencode\n"));
}

TEST_F(MetadataFileTest, KeepsNumbersApartFromText) {
  Metadata metadata;
  metadata.append({"X-Object-Sysmeta-Ec-Frag-Index", "3", true});
  metadata.set("Text", "3");
  write_metadata(file_.get(), metadata, path_);
  const MetadataRead read = read_metadata(path_);
  ASSERT_EQ(read.metadata.items().size(), 2U);
  EXPECT_TRUE(read.metadata.items()[0].is_number);
  EXPECT_EQ(read.metadata.items()[0].value, "3");
  EXPECT_FALSE(read.metadata.items()[1].is_number);
}

TEST_F(MetadataFileTest, ReadsWithoutAChecksum) {
  write_metadata(file_.get(), sample(), path_);
  ASSERT_EQ(::removexattr(path_.c_str(), "user.swift.metadata_checksum"), 0);
  EXPECT_EQ(as_map(read_metadata(path_).metadata), as_map(sample()));
  set_attribute("user.swift.metadata_checksum", "");
  EXPECT_EQ(read_metadata(path_).fault, MetadataFault::none);
}

TEST_F(MetadataFileTest, ReadsPiecesAsOne) {
  const std::string data = pickle::dump(pickle::Value{pickle::Dict{
      {pickle::Value{pickle::Bytes{"name"}}, pickle::Value{pickle::Bytes{"/a/c/o"}}},
      {pickle::Value{pickle::Bytes{"Big"}}, pickle::Value{pickle::Bytes{std::string(2000, 'x')}}}}});
  set_attribute("user.swift.metadata", data.substr(0, 1500));
  set_attribute("user.swift.metadata1", data.substr(1500, 20));
  set_attribute("user.swift.metadata2", data.substr(1520));
  set_attribute("user.swift.metadata_checksum", md5_hex(data));
  const MetadataRead read = read_metadata(path_);
  EXPECT_EQ(read.fault, MetadataFault::none) << read.message;
  EXPECT_THAT(as_map(read.metadata),
              ElementsAre(Pair("Big", std::string(2000, 'x')), Pair("name", "/a/c/o")));
}

// lp2012531: metadata that Python 2 stored.
TEST_F(MetadataFileTest, ReadsWhatPython2Wrote) {
  set_attribute("user.swift.metadata", "\x80\x02}q\x01(U\x04nameU\x06/a/c/oU\x01kU\x02\xc3\xa9u.");
  const MetadataRead read = read_metadata(path_);
  EXPECT_EQ(read.fault, MetadataFault::none) << read.message;
  EXPECT_THAT(as_map(read.metadata), ElementsAre(Pair("k", "\xc3\xa9"), Pair("name", "/a/c/o")));
}

TEST_F(MetadataFileTest, TellsFaultsApart) {
  EXPECT_EQ(read_metadata(directory_.path() + "/none").fault, MetadataFault::no_file);
  EXPECT_EQ(read_metadata(path_).fault, MetadataFault::missing);
  const MetadataRead unsupported = read_metadata("/proc/self/status");
  EXPECT_EQ(unsupported.fault, MetadataFault::not_supported);
  EXPECT_EQ(unsupported.message, "[Errno 95] Operation not supported: b'/proc/self/status'");

  write_metadata(file_.get(), sample(), path_);
  set_attribute("user.swift.metadata_checksum", "d41d8cd98f00b204e9800998ecf8427e");
  const MetadataRead read = read_metadata(path_);
  EXPECT_EQ(read.fault, MetadataFault::bad_checksum);
  EXPECT_THAT(read.message, HasSubstr("Metadata checksum mismatch for " + path_ +
                                      ": stored checksum='b'd41d8cd98f00b204e9800998ecf8427e''"));
  EXPECT_TRUE(read.metadata.items().empty());
}

TEST_F(MetadataFileTest, FindsAnythingButADictionaryOfTextUnreadable) {
  const std::string whole = pickle::dump(pickle::Value{
      pickle::Dict{{pickle::Value{pickle::Bytes{"name"}}, pickle::Value{pickle::Bytes{"/a/c/o"}}}}});
  const std::string values[] = {
      "garbage",
      whole.substr(0, 20),
      pickle::dump(pickle::Value{pickle::List{}}),
      pickle::dump(
          pickle::Value{pickle::Dict{{pickle::Value{pickle::None{}}, pickle::Value{pickle::Bytes{"v"}}}}}),
      pickle::dump(
          pickle::Value{pickle::Dict{{pickle::Value{pickle::Bytes{"k"}}, pickle::Value{pickle::List{}}}}}),
      // What runs a command in a reader that trusts it.
      "cos\nsystem\n(S'true'\ntR.",
  };
  for (const std::string& value : values) {
    set_attribute("user.swift.metadata", value);
    const MetadataRead read = read_metadata(path_);
    EXPECT_EQ(read.fault, MetadataFault::unreadable) << value;
    EXPECT_FALSE(read.message.empty()) << value;
  }
}

TEST_F(MetadataFileTest, SaysOfAnythingButADictionaryWhatPythonSays) {
  set_attribute("user.swift.metadata", pickle::dump(pickle::Value{pickle::List{}}));
  EXPECT_EQ(read_metadata(path_).message, "'list' object has no attribute 'items'");
}

// EOFError in Python, which Swift takes for an object without metadata.
TEST_F(MetadataFileTest, FindsAPickleThatEndsBetweenOpcodesMissing) {
  const std::string whole = pickle::dump(pickle::Value{
      pickle::Dict{{pickle::Value{pickle::Bytes{"name"}}, pickle::Value{pickle::Bytes{"/a/c/o"}}}}});
  set_attribute("user.swift.metadata", whole.substr(0, whole.size() - 1));
  EXPECT_EQ(read_metadata(path_).fault, MetadataFault::missing);
}

TEST_F(MetadataFileTest, SaysWhyItCannotWrite) {
  const Fd read_only = open_file("/proc/self/status", O_RDONLY);
  try {
    write_metadata(read_only.get(), sample(), "/somewhere");
    FAIL() << "written";
  } catch (const OsError& error) {
    EXPECT_EQ(error.code(), ENOTSUP);
    EXPECT_EQ(error.path(), "/somewhere");
  }
}

TEST(MetadataNamesTest, ArePutInTheirClasses) {
  struct Case {
    const char* name;
    bool user;
    bool system;
    bool transient;
    bool of_data_file;
  };
  const Case cases[] = {
      {"X-Object-Meta-Color", true, false, false, false},
      {"x-object-meta-", false, false, false, false},
      {"X-Object-Sysmeta-Slo-Size", false, true, false, true},
      {"X-Object-Sysmeta-", false, false, false, false},
      {"X-Object-Transient-Sysmeta-Crypto", false, false, true, false},
      {"X-Account-Meta-Color", false, false, false, false},
      {"Content-Length", false, false, false, true},
      {"ETag", false, false, false, true},
      {"Deleted", false, false, false, true},
      // lp1453807: survives a POST.
      {"X-Static-Large-Object", false, false, false, true},
      {"X-Delete-At", false, false, false, false},
      {"Content-Type", false, false, false, false},
      {"name", false, false, false, false},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(is_user_metadata(c.name), c.user) << c.name;
    EXPECT_EQ(is_system_metadata(c.name), c.system) << c.name;
    EXPECT_EQ(is_transient_system_metadata(c.name), c.transient) << c.name;
    EXPECT_EQ(belongs_to_data_file(c.name), c.of_data_file) << c.name;
  }
}

}  // namespace
}  // namespace ssync
