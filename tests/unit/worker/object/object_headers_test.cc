#include "worker/object/object_headers.h"

#include <gtest/gtest.h>

#include "common/python/errors.h"
#include "common/store/disk_file.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

Metadata metadata_of(const std::vector<std::pair<std::string, std::string>>& items) {
  Metadata metadata;
  for (const auto& [name, value] : items) metadata.set(name, value);
  return metadata;
}

TEST(ObjectHeadersTest, AreWhatTheMetadataSay) {
  TemporaryDevice device;
  const ObjectName name{"a", "c", "o"};
  device.add_data(name, "1700000000.12345", "hello",
                  {{"X-Object-Meta-Color", "r\xc3\xb6t"},
                   {"X-Object-Sysmeta-Kept", "k"},
                   {"Content-Encoding", "gzip"},
                   {"X-Other", "\xce\xa9"}});
  DiskFile file(device.partition(), name);
  ASSERT_EQ(file.open(ExpiredObjects::refuse, 0), OpenOutcome::open);
  EXPECT_EQ(object_headers(file, device.receiver().allowed_headers).head(200),
            "Status: 200 OK\r\n"
            "Content-Type: text/plain\r\n"
            "X-Object-Meta-Color: r\xf6t\r\n"
            "X-Object-Sysmeta-Kept: k\r\n"
            "Content-Encoding: gzip\r\n"
            "Etag: \"unchecked\"\r\n"
            "Last-Modified: Tue, 14 Nov 2023 22:13:21 GMT\r\n"
            "Content-Length: 5\r\n"
            "X-Timestamp: 1700000000.12345\r\n"
            "X-Backend-Timestamp: 1700000000.12345\r\n"
            "X-Backend-Data-Timestamp: 1700000000.12345\r\n"
            "X-Backend-Durable-Timestamp: 1700000000.12345\r\n\r\n");
}

TEST(ObjectHeadersTest, ThatHttpCannotCarryAreAnError) {
  for (const auto& [key, value] : {std::pair<std::string, std::string>{"X-Object-Meta-A", "\xce\xa9"},
                                   {"X-Object-Meta-A", "\xff"},
                                   {"X-Object-Meta-\xce\xa9", "v"},
                                   {"X-Other-\xce\xa9", "v"}}) {
    TemporaryDevice device;
    const ObjectName name{"a", "c", "o"};
    device.add_data(name, "1700000000.00000", "hello", {{key, value}});
    DiskFile file(device.partition(), name);
    ASSERT_EQ(file.open(ExpiredObjects::refuse, 0), OpenOutcome::open);
    EXPECT_THROW(object_headers(file, {}), ValueError) << key;
  }
}

TEST(ObjectHeadersTest, LastModifiedIsTheNextWholeSecond) {
  EXPECT_EQ(last_modified(Timestamp::from_raw(170000000000000)), 1700000000);
  EXPECT_EQ(last_modified(Timestamp::from_raw(170000000000001)), 1700000001);
  EXPECT_EQ(last_modified(Timestamp()), 0);
}

TEST(ObjectHeadersTest, FragmentsAreListedNewestFirst) {
  ObjectFiles files;
  EXPECT_EQ(fragments_header(files), std::nullopt);
  for (const char* name :
       {"1700000000.00000#0.data", "1700000000.00000#2.data", "1700000005.00000#1#d.data"}) {
    const ObjectFile file = parse_object_file(name, PolicyType::erasure_coding);
    files.fragments[file.timestamp].push_back(file);
  }
  EXPECT_EQ(fragments_header(files), R"({"1700000005.00000": [1], "1700000000.00000": [0, 2]})");
}

TEST(ObjectHeadersTest, TheEtagOfConditionsMayBeElsewhere) {
  const Metadata metadata = metadata_of(
      {{"ETag", "\"plain\""}, {"X-Object-Sysmeta-Ec-Etag", "ec"}, {"X-Object-Sysmeta-Empty", ""}});
  const std::pair<std::optional<std::string>, std::string> cases[] = {
      {std::nullopt, "plain"},
      {"", "plain"},
      {"X-Other", "plain"},
      {"X-Object-Sysmeta-Ec-Etag", "ec"},
      {"x-other, x-object-sysmeta-ec-etag,ETag", "ec"},
      {"X-Object-Sysmeta-Empty", ""},
      {"Etag", "\"plain\""},
  };
  for (const auto& [names, etag] : cases) {
    EXPECT_EQ(conditional_etag(metadata, names), etag) << names.value_or("none");
  }
}

TEST(ObjectHeadersTest, NamesAreLookedForInAnyCase) {
  const Metadata metadata = metadata_of({{"X-Static-Large-Object", "True"}});
  EXPECT_TRUE(has_any_of(metadata, "x-static-large-object"));
  EXPECT_TRUE(has_any_of(metadata, "x, X-STATIC-LARGE-OBJECT "));
  EXPECT_FALSE(has_any_of(metadata, "x-static-large"));
  EXPECT_FALSE(has_any_of(metadata, ""));
}

}  // namespace
}  // namespace ssync
