#include "worker/sender/partition_objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/xattr.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <optional>

#include "common/config/log_setup.h"
#include "common/os/errors.h"
#include "common/os/md5.h"
#include "tests/unit/scripted_server.h"
#include "tests/unit/temporary_device.h"
#include "worker/sender/http_response.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;
using Lines = std::vector<std::string>;

const char kT1[] = "1700000001.00000";
const char kT2[] = "1700000002.00000";
const char kT3[] = "1700000003.00000";

constexpr WantedParts kData{.data = true, .meta = false};
constexpr WantedParts kMeta{.data = false, .meta = true};
constexpr WantedParts kBoth{.data = true, .meta = true};

// Takes the chunks off a request's body, without the last one.
std::string unchunked(const std::string& raw) {
  HttpBodyDecoder decoder(HttpResponseHead::parse("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked"));
  std::string body;
  decoder.decode(raw, body);
  EXPECT_TRUE(decoder.ended());
  return body;
}

class PartitionObjectsTest : public ::testing::Test {
 protected:
  explicit PartitionObjectsTest(int policy_index = 0) : device_(policy_index) {
    device_.settings().reclaim_age = std::int64_t{1} << 40;
    setup_logging({.target = log_path()});
  }
  ~PartitionObjectsTest() override { setup_logging({}); }

  PartitionObjects& objects(Lines suffixes = {}, const FragmentRequest& request = {}) {
    return objects_.emplace(device_.partition(), std::move(suffixes), request);
  }
  // The lines of all that is offered.
  Lines offered(PartitionObjects& objects) {
    Lines lines;
    for (Offer offer; objects.next(offer, counts_);) append_offer(offer, lines.emplace_back());
    return lines;
  }
  Lines offered() { return offered(objects()); }

  using Wanted = std::vector<std::pair<ObjectName, WantedParts>>;
  void send(const Wanted& wanted, UpdateOutput& output) {
    for (const auto& [name, parts] : wanted) {
      objects_->send(0, *parse_object_hash(device_.hash_of(name)), parts, output);
    }
  }
  // What a receiver gets of these. It does this first, and what that returns is the beginning.
  std::string sent(const Wanted& wanted, const std::function<std::string(ServedConnection&)>& first = {}) {
    if (!objects_) objects();
    std::string raw;
    ScriptedServer server([&](ServedConnection& connection) {
      connection.read_head();
      connection.send("HTTP/1.1 200 OK\r\n\r\n");
      if (first) raw = first(connection);
      raw += connection.read_to_end();
    });
    {
      const Interruption interruption;
      ReceiverConnection connection({.host = "127.0.0.1", .port = server.port(), .device = "sda1"},
                                    {.timeout = std::chrono::seconds(20)}, interruption);
      connection.request("SSYNC /sda1/7 HTTP/1.1\r\n\r\n");
      UpdateOutput output(&connection, counts_);
      send(wanted, output);
      connection.flush();
      connection.finish();
    }
    EXPECT_EQ(server.join(), "");
    return unchunked(raw);
  }

  std::string store(const ObjectName& name, const std::string& time, const std::string& data,
                    const std::vector<std::pair<std::string, std::string>>& more = {}) const {
    auto all = more;
    all.emplace(all.begin(), "ETag", md5_hex(data));
    return device_.add_data(name, time, data, all);
  }
  static std::string put_of(const std::string& path, const std::string& time, const std::string& data,
                            const std::string& more = "") {
    return "PUT " + path + "\r\nContent-Length: " + std::to_string(data.size()) +
           "\r\nContent-Type: text/plain\r\nETag: " + md5_hex(data) + "\r\n" + more + "X-Timestamp: " + time +
           "\r\n\r\n" + data;
  }

  [[nodiscard]] std::string log_path() const { return log_directory_.path() + "/log"; }
  [[nodiscard]] Lines log_lines() const {
    Lines lines;
    std::ifstream file(log_path());
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  // All files and directories below the device.
  [[nodiscard]] Lines all_paths() const {
    Lines paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(device_.path())) {
      paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  TemporaryDirectory log_directory_;
  TemporaryDevice device_;
  const ObjectName name_{"a", "c", "o"};
  const ObjectName other_{"a", "c", "other"};
  UpdateCounts counts_;
  std::optional<PartitionObjects> objects_;
};

TEST_F(PartitionObjectsTest, AreOfferedInTheOrderOfSuffixAndHash) {
  std::vector<std::pair<std::string, std::string>> expected;  // suffix, line
  for (int i = 0; i < 50; ++i) {
    const ObjectName name{"a", "c", std::to_string(i)};
    device_.add_data(name, kT1, "x");
    const std::string hash = device_.hash_of(name);
    expected.emplace_back(hash.substr(29), hash + " " + kT1 + "\r\n");
  }
  std::sort(expected.begin(), expected.end());
  Lines lines;
  for (const auto& [suffix, line] : expected) lines.push_back(line);
  PartitionObjects& all = objects();
  EXPECT_EQ(all.share_offered(), 0);
  EXPECT_EQ(offered(all), lines);
  EXPECT_EQ(all.share_offered(), 1);
  EXPECT_THAT(log_lines(), IsEmpty());
}

TEST_F(PartitionObjectsTest, AreOfferedOfTheseSuffixesOnly) {
  device_.add_data(name_, kT1, "x");
  device_.add_data(other_, kT1, "x");
  const std::string hash = device_.hash_of(other_);
  ASSERT_NE(hash.substr(29), device_.hash_of(name_).substr(29));
  EXPECT_THAT(offered(objects({hash.substr(29), "000"})), ElementsAre(hash + " " + kT1 + "\r\n"));
}

TEST_F(PartitionObjectsTest, AreOfferedWithTheTimesOfAllTheirParts) {
  const auto add_content_type = [this](const char* time, const char* content_type_time) {
    Metadata metadata = TemporaryDevice::named(name_, time);
    metadata.set("Content-Type", "text/html");
    metadata.set("Content-Type-Timestamp", content_type_time);
    device_.add_file(name_,
                     make_file_name(Timestamp::parse(time), ".meta", Timestamp::parse(content_type_time)),
                     metadata);
  };
  struct Case {
    const char* why;
    std::function<void()> build;
    std::optional<std::string> rest;  // of its line
  };
  const Case cases[] = {
      {"data", [&] { device_.add_data(name_, kT1, "x"); }, kT1},
      {"the newest data",
       [&] {
         device_.add_data(name_, kT1, "x");
         device_.add_data(name_, kT2, "x");
       },
       kT2},
      {"data with a POST",
       [&] {
         device_.add_data(name_, kT1, "x");
         device_.add_meta(name_, kT2);
       },
       std::string(kT1) + " m:186a0"},
      {"data with a POST of a content type",
       [&] {
         device_.add_data(name_, kT1, "x");
         add_content_type(kT3, kT2);
       },
       std::string(kT1) + " m:30d40,t:186a0"},
      {"a POST that is older than its data",
       [&] {
         device_.add_meta(name_, kT1);
         device_.add_data(name_, kT2, "x");
       },
       kT2},
      {"a tombstone", [&] { device_.add_tombstone(name_, kT2); }, kT2},
      {"a tombstone that a PUT followed",
       [&] {
         device_.add_tombstone(name_, kT1);
         device_.add_data(name_, kT2, "x");
       },
       kT2},
      {"a POST alone", [&] { device_.add_meta(name_, kT2); }, std::nullopt},
      {"a name that is none of Swift's", [&] { device_.add_bare_file(name_, "junk"); }, std::nullopt},
      {"an empty directory", [&] { std::filesystem::create_directories(device_.hash_dir_of(name_)); },
       std::nullopt},
  };
  for (const Case& c : cases) {
    std::filesystem::remove_all(device_.partition().path());
    c.build();
    const Lines before = all_paths();
    if (c.rest) {
      EXPECT_THAT(offered(), ElementsAre(device_.hash_of(name_) + " " + *c.rest + "\r\n")) << c.why;
    } else {
      EXPECT_THAT(offered(), IsEmpty()) << c.why;
    }
    EXPECT_EQ(all_paths(), before) << c.why << ": obsolete files are not the sender's to remove";
  }
  EXPECT_EQ(counts_.failed, 0U);
}

TEST_F(PartitionObjectsTest, AreOfferedUntilTheirTombstoneMayGo) {
  device_.settings().reclaim_age = 1000;
  const std::string recent = Timestamp::now().moved_by(-500 * 100000).internal();
  device_.add_tombstone(name_, recent);
  device_.add_tombstone(other_, Timestamp::now().moved_by(-1500 * 100000).internal());
  EXPECT_THAT(offered(), ElementsAre(device_.hash_of(name_) + " " + recent + "\r\n"));
}

TEST_F(PartitionObjectsTest, WhatCannotBeListedIsCountedAndPassedOver) {
  device_.add_data(name_, kT1, "x");
  const std::string hash = device_.hash_of(name_);
  const std::string partition = device_.partition().path();
  // A file where a hash directory should be, and one where a suffix should be. Both in front of the object.
  const std::string file_hash = std::string(29, '0') + hash.substr(29);
  const std::string file_suffix = hash.substr(29) == "000" ? "fff" : "000";
  std::ofstream(partition + "/" + hash.substr(29) + "/" + file_hash) << "x";
  std::ofstream(partition + "/" + file_suffix) << "x";
  const Lines before = all_paths();
  EXPECT_THAT(offered(), ElementsAre(hash + " " + kT1 + "\r\n"));
  EXPECT_EQ(counts_.failed, 2U);
  EXPECT_THAT(log_lines(),
              ::testing::UnorderedElementsAre(
                  HasSubstr("ERROR [Errno 20] Not a directory: '" + partition + "/" + file_suffix + "'"),
                  HasSubstr("ERROR [Errno 20] Not a directory: '" + partition + "/" + hash.substr(29) + "/" +
                            file_hash + "'")));
  EXPECT_EQ(all_paths(), before);
}

TEST_F(PartitionObjectsTest, AreNoneWithoutAPartition) {
  EXPECT_THROW(objects(), OsError);
  EXPECT_THAT(offered(objects({"abc"})), IsEmpty());
}

TEST_F(PartitionObjectsTest, SendsWhatIsWanted) {
  struct Case {
    const char* why;
    std::function<void()> build;
    WantedParts wanted;
    std::string sent;
  };
  const std::string color = "X-Object-Meta-Color: red\r\n";
  const auto data = [&] { store(name_, kT1, "data", {{"X-Object-Meta-Color", "red"}}); };
  const auto posted = [&] {
    data();
    device_.add_meta(name_, kT2, {{"X-Object-Meta-Shape", "round"}});
  };
  const std::string put = put_of("/a/c/o", kT1, "data", color);
  const std::string post =
      std::string("POST /a/c/o\r\nX-Object-Meta-Shape: round\r\nX-Timestamp: ") + kT2 + "\r\n\r\n";
  const auto tombstone = [&] { device_.add_tombstone(name_, kT2); };
  const Case cases[] = {
      {"data of data", data, kData, put},
      {"data and metadata of data", data, kBoth, put},
      {"metadata of data", data, kMeta, ""},
      {"data of what a POST changed", posted, kData, put},
      {"metadata of what a POST changed", posted, kMeta, post},
      {"data and metadata of what a POST changed", posted, kBoth, put + post},
      {"data of a tombstone", tombstone, kData,
       std::string("DELETE /a/c/o\r\nX-Timestamp: ") + kT2 + "\r\n\r\n"},
      {"metadata of a tombstone", tombstone, kMeta, ""},
      {"an object without a byte", [&] { store(name_, kT1, ""); }, kData, put_of("/a/c/o", kT1, "")},
      {"an object that has expired",
       [&] {
         store(name_, kT1, "data", {{"X-Delete-At", "0"}});
       },
       kData, put_of("/a/c/o", kT1, "data", "X-Delete-At: 0\r\n")},
  };
  for (const Case& c : cases) {
    std::filesystem::remove_all(device_.partition().path());
    c.build();
    counts_ = {};
    EXPECT_EQ(sent({{name_, c.wanted}}), c.sent) << c.why;
    EXPECT_EQ(counts_.put, c.sent.starts_with("PUT") ? 1U : 0U) << c.why;
    EXPECT_EQ(counts_.post, c.sent.find("POST") != std::string::npos ? 1U : 0U) << c.why;
    EXPECT_EQ(counts_.deleted, c.sent.starts_with("DELETE") ? 1U : 0U) << c.why;
    EXPECT_EQ(counts_.failed + counts_.skipped, 0U) << c.why;
  }
  EXPECT_THAT(log_lines(), IsEmpty());
}

TEST_F(PartitionObjectsTest, SendsNamesAndValuesAsTheyCame) {
  const ObjectName name{"a", "c", "\xc3\xa9 %/\n"};
  // Stored as the text that a Swift of Python 3 takes Latin-1 for.
  store(name, kT1, "data", {{"X-Object-Meta-Caf\xc3\x83\xc2\xa9", "\xc3\x83\xc2\xa9"}});
  EXPECT_EQ(sent({{name, kData}}),
            put_of("/a/c/%C3%A9%20%25/%0A", kT1, "data", "X-Object-Meta-Caf\xc3\xa9: \xc3\xa9\r\n"));
}

TEST_F(PartitionObjectsTest, SendsABodyOfManyPieces) {
  device_.settings().disk_chunk_size = 1000;
  std::string data;
  for (int i = 0; data.size() < 1000000; ++i) data += std::to_string(i) + "\r\n";
  store(name_, kT1, data);
  store(other_, kT1, std::string(1000, 'x'));
  EXPECT_TRUE(sent({{name_, kData}, {other_, kData}}) ==
              put_of("/a/c/o", kT1, data) + put_of("/a/c/other", kT1, std::string(1000, 'x')));
  EXPECT_EQ(counts_.put, 2U);
  EXPECT_EQ(counts_.bytes, data.size() + 1000);
  EXPECT_EQ(counts_.failed, 0U);
}

TEST_F(PartitionObjectsTest, WhatIsDamagedIsNamedCountedAndPassedOver) {
  const auto replace_metadata = [&](const Metadata& metadata) {
    device_.add_file(name_, std::string(kT1) + ".data", metadata, "data");
  };
  const std::string path = device_.hash_dir_of(name_) + "/" + kT1 + ".data";
  struct Case {
    const char* why;
    std::function<void()> build;
    const char* words;
  };
  const Case cases[] = {
      {"no metadata", [&] { device_.add_bare_file(name_, std::string(kT1) + ".data", "data"); },
       ".data: has no metadata"},
      {"a malformed pickle",
       [&] {
         device_.add_bare_file(name_, std::string(kT1) + ".data", "data");
         ASSERT_EQ(::setxattr(path.c_str(), "user.swift.metadata", "junk", 4, 0), 0);
       },
       ".data: "},
      {"an invalid name",
       [&] {
         store(name_, kT1, "data", {{"name", "nonsense"}});
       },
       ": its metadata does not contain a valid object name"},
      {"no name",
       [&] {
         Metadata metadata;
         metadata.set("X-Timestamp", kT1);
         replace_metadata(metadata);
       },
       ": its metadata does not contain a valid object name"},
      {"another object's name",
       [&] {
         store(name_, kT1, "data", {{"name", "/a/c/other"}});
       },
       ": its metadata contains the name of an object with another hash: '/a/c/other'"},
      {"another object's POST",
       [&] {
         store(name_, kT1, "data");
         device_.add_meta(name_, kT2, {{"name", "/a/c/other"}});
       },
       ": its files belong to different objects"},
      {"another size",
       [&] {
         store(name_, kT1, "data", {{"Content-Length", "5"}});
       },
       "metadata content-length 5 does not match actual object size 4"},
      {"another MD5",
       [&] {
         store(name_, kT1, "data", {{"ETag", md5_hex("other")}});
       },
       "do not match"},
      {"no ETag",
       [&] {
         Metadata metadata = TemporaryDevice::named(name_, kT1);
         metadata.set("Content-Length", "4");
         replace_metadata(metadata);
       },
       ": 'ETag'"},
      {"no time",
       [&] {
         Metadata metadata;
         metadata.set("name", name_.path());
         metadata.set("Content-Length", "4");
         metadata.set("ETag", md5_hex("data"));
         replace_metadata(metadata);
       },
       ": its metadata has no valid X-Timestamp"},
      {"a time that is none",
       [&] {
         store(name_, kT1, "data", {{"X-Timestamp", ""}});
       },
       ": its metadata has no valid X-Timestamp"},
      {"an invalid header",
       [&] {
         store(name_, kT1, "data", {{"X-Object-Meta-A", "b\r\nX-Timestamp: 1"}});
       },
       ": its metadata cannot be sent: b'X-Object-Meta-A'"},
      {"a directory in its place", [&] { std::filesystem::create_directories(path); },
       ".data: has no metadata"},
      {"a file that cannot be opened",
       [&] {
         std::filesystem::create_directories(device_.hash_dir_of(name_));
         std::filesystem::create_symlink(path, path);
       },
       "[Errno 40] Too many levels of symbolic links: "},
      {"a file in its directory's place",
       [&] {
         std::filesystem::create_directories(std::filesystem::path(device_.hash_dir_of(name_)).parent_path());
         std::ofstream(device_.hash_dir_of(name_)) << "x";
       },
       "[Errno 20] Not a directory: "},
  };
  std::size_t failures = 0;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    std::filesystem::remove_all(device_.partition().path());
    store(other_, kT1, "whole");
    c.build();
    const Lines before = all_paths();
    // As if it had not been wanted.
    EXPECT_EQ(sent({{name_, kBoth}, {other_, kData}}), put_of("/a/c/other", kT1, "whole"));
    EXPECT_EQ(counts_.failed, ++failures);
    EXPECT_EQ(counts_.put, failures);
    const Lines lines = log_lines();
    ASSERT_THAT(lines, SizeIs(failures));
    EXPECT_THAT(lines.back(), HasSubstr(c.words));
    EXPECT_THAT(lines.back(), HasSubstr(device_.hash_dir_of(name_)));
    EXPECT_EQ(all_paths(), before);
  }
  EXPECT_EQ(counts_.spoiled, 0U);
  EXPECT_EQ(counts_.skipped, 0U);
}

// Its head has left before its last bytes were read: the receiver will refuse it by its ETag.
TEST_F(PartitionObjectsTest, ALargeBodyThatTurnsOutToBeDamagedIsSpoiled) {
  device_.settings().disk_chunk_size = 1000;
  const std::string data(2500, 'x');
  store(name_, kT1, data, {{"ETag", md5_hex("other")}});
  store(other_, kT1, "whole");
  const std::string all = sent({{name_, kBoth}, {other_, kData}});
  EXPECT_THAT(all, StartsWith("PUT /a/c/o\r\nContent-Length: 2500\r\n"));
  EXPECT_THAT(all, EndsWith("\r\n\r\n" + data + put_of("/a/c/other", kT1, "whole")));
  EXPECT_EQ(counts_.failed, 1U);
  EXPECT_EQ(counts_.spoiled, 1U);
  EXPECT_EQ(counts_.put, 2U);
  EXPECT_THAT(log_lines(), ElementsAre(HasSubstr("do not match")));
  EXPECT_THAT(device_.quarantined(), IsEmpty());
}

// What cannot be read any more is filled up, so that the receiver finds the next subrequest where it begins.
TEST_F(PartitionObjectsTest, TheRestOfABodyThatCannotBeReadIsZeros) {
  // Each piece is sent before the next is read, and they are more than the sockets hold.
  device_.settings().disk_chunk_size = 256 * 1024;
  const std::string data(std::size_t{32} << 20, 'x');
  const std::string path = store(name_, kT1, data);
  store(other_, kT1, "whole");
  const std::string head_end = "\r\n\r\nx";
  const std::string all = sent({{name_, kData}, {other_, kData}}, [&](ServedConnection& connection) {
    std::string begun = connection.read_to("xxx");
    std::filesystem::resize_file(path, data.size() - 1000);
    return begun;
  });
  const std::size_t begin = all.find(head_end) + head_end.size() - 1;  // of its data
  const std::string next = put_of("/a/c/other", kT1, "whole");
  ASSERT_EQ(all.size(), begin + data.size() + next.size());
  EXPECT_TRUE(all.substr(begin, data.size()) == data.substr(1000) + std::string(1000, '\0'));
  EXPECT_THAT(all, EndsWith(next));
  EXPECT_EQ(counts_.failed, 1U);
  EXPECT_EQ(counts_.spoiled, 1U);
  EXPECT_EQ(counts_.put, 2U);
  EXPECT_THAT(log_lines(), ElementsAre(HasSubstr("does not match metadata: " + std::to_string(data.size()))));
}

TEST_F(PartitionObjectsTest, WhatChangedSinceItWasOfferedIsSentAsItIs) {
  struct Case {
    const char* why;
    std::function<void()> change;
    std::string sent;
    std::uint64_t skipped;
  };
  const auto remove = [&] { std::filesystem::remove_all(device_.hash_dir_of(name_)); };
  const Case cases[] = {
      {"it is gone", remove, "", 1},
      {"its files are gone",
       [&] {
         remove();
         std::filesystem::create_directories(device_.hash_dir_of(name_));
       },
       "", 1},
      {"its files keep vanishing",
       [&] {
         remove();
         std::filesystem::create_directories(device_.hash_dir_of(name_));
         std::filesystem::create_symlink("nowhere", device_.hash_dir_of(name_) + "/" + kT2 + ".data");
       },
       "", 1},
      {"it was deleted", [&] { device_.add_tombstone(name_, kT2); },
       std::string("DELETE /a/c/o\r\nX-Timestamp: ") + kT2 + "\r\n\r\n", 0},
      {"it was replaced", [&] { store(name_, kT2, "newer"); }, put_of("/a/c/o", kT2, "newer"), 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    std::filesystem::remove_all(device_.partition().path());
    store(name_, kT1, "data");
    counts_ = {};
    ASSERT_THAT(offered(), SizeIs(1));
    c.change();
    EXPECT_EQ(sent({{name_, kBoth}}), c.sent);
    EXPECT_EQ(counts_.skipped, c.skipped);
    EXPECT_EQ(counts_.failed, 0U);
  }
  EXPECT_THAT(log_lines(), IsEmpty());
}

TEST_F(PartitionObjectsTest, ADryRunCountsAndSendsNothing) {
  store(name_, kT1, "data");
  device_.add_meta(name_, kT2);
  device_.add_tombstone(other_, kT1);
  const ObjectName gone{"a", "c", "gone"};
  const ObjectName damaged{"a", "c", "damaged"};
  store(damaged, kT1, "data", {{"Content-Length", "5"}});
  objects();
  UpdateOutput output(nullptr, counts_);
  send({{name_, kBoth}, {other_, kData}, {gone, kData}, {damaged, kData}}, output);
  EXPECT_EQ(counts_.put, 1U);
  EXPECT_EQ(counts_.bytes, 4U);
  EXPECT_EQ(counts_.post, 1U);
  EXPECT_EQ(counts_.deleted, 1U);
  EXPECT_EQ(counts_.skipped, 1U);
  EXPECT_EQ(counts_.failed, 1U);
  EXPECT_EQ(counts_.spoiled, 0U);
}

// Policy 2: fragments.
class PartitionFragmentsTest : public PartitionObjectsTest {
 protected:
  PartitionFragmentsTest() : PartitionObjectsTest(2) {}

  void add_fragment(const char* time, int index, Durability durability) const {
    Metadata metadata = TemporaryDevice::named(name_, time);
    metadata.set("Content-Type", "text/plain");
    metadata.set("Content-Length", "0");
    metadata.set("ETag", md5_hex(""));
    metadata.set("X-Object-Sysmeta-Ec-Frag-Index", std::to_string(index));
    device_.add_file(name_, make_fragment_name(Timestamp::parse(time), index, durability), metadata);
  }
  // As ssync-send asks, of a receiver that takes fragments which are not durable or one that does not.
  static FragmentRequest request(int index, bool with_undecided) {
    FragmentRequest request{.policy = nullptr, .fragment_index = index, .preferences = {}};
    if (with_undecided) request.preferences.emplace();
    return request;
  }
};

TEST_F(PartitionFragmentsTest, AreOfferedAndSentAsWhatTheyAre) {
  const std::string put =
      std::string("PUT /a/c/o\r\nContent-Length: 0\r\nContent-Type: text/plain\r\nETag: ") + md5_hex("") +
      "\r\n";
  const std::string index = "X-Object-Sysmeta-Ec-Frag-Index: 1\r\nX-Timestamp: ";
  struct Case {
    const char* why;
    std::function<void()> build;
    FragmentRequest request;
    std::optional<std::string> rest;  // of its line
    std::string sent;
  };
  const auto durable = [&] { add_fragment(kT1, 1, Durability::durable); };
  const auto undecided = [&] { add_fragment(kT1, 1, Durability::undecided); };
  const Case cases[] = {
      {"a durable one", durable, request(1, false), kT1, put + index + kT1 + "\r\n\r\n"},
      {"a durable one, for whoever would take another", durable, request(1, true), kT1,
       put + index + kT1 + "\r\n\r\n"},
      {"one that is not durable, for a receiver of old", undecided, request(1, false), std::nullopt, ""},
      {"one that is not durable", undecided, request(1, true), std::string(kT1) + " durable:False",
       put + "X-Backend-No-Commit: True\r\n" + index + kT1 + "\r\n\r\n"},
      {"one that is not durable and newer",
       [&] {
         durable();
         add_fragment(kT2, 1, Durability::undecided);
       },
       request(1, true), std::string(kT2) + " durable:False",
       put + "X-Backend-No-Commit: True\r\n" + index + kT2 + "\r\n\r\n"},
      {"a durable one of another index", durable, request(0, false), std::nullopt, ""},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    std::filesystem::remove_all(device_.partition().path());
    c.build();
    const Lines lines = offered(objects({}, c.request));
    if (c.rest) {
      EXPECT_THAT(lines, ElementsAre(device_.hash_of(name_) + " " + *c.rest + "\r\n"));
    } else {
      EXPECT_THAT(lines, IsEmpty());
    }
    EXPECT_EQ(sent({{name_, kData}}), c.sent);
  }
  EXPECT_EQ(counts_.failed, 0U);
  EXPECT_THAT(log_lines(), IsEmpty());
}

}  // namespace
}  // namespace ssync
