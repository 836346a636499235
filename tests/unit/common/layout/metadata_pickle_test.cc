#include "common/layout/metadata_pickle.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>
#include <vector>

#include "common/python/pickle.h"

namespace ssync {
namespace {

using Items = std::vector<std::pair<std::string, std::string>>;

std::string pickled(const Items& items) {
  pickle::Dict dict;
  for (const auto& [name, value] : items) {
    dict.emplace_back(pickle::Value{pickle::Bytes{name}}, pickle::Value{pickle::Bytes{value}});
  }
  return pickle::dump(pickle::Value{std::move(dict)});
}

Items items_of(const Metadata& metadata) {
  Items items;
  for (const Metadata::Item& item : metadata.items()) items.emplace_back(item.name, item.value);
  return items;
}

const Items kItems = {{"X-Timestamp", "1700000000.00000"}, {"Content-Length", "4096"}, {"name", "/a/c/o"}};

TEST(MetadataPickleTest, ReadsWhatPython3WritesOfBytes) {
  const Items cases[] = {
      kItems,
      {{"name", "/a/c/\xc3\xa9\xff"}, {"X-Object-Meta-Nul", std::string("a\0b", 3)}},
      {{"X-Object-Meta-Empty", ""}, {"name", "/a/c/o"}},
      {{"", "empty name"}, {"name", "/a/c/o"}},
      {{"X-Object-Meta-Long", std::string(100000, 'x')}, {"name", "/a/c/o"}},
  };
  for (const Items& items : cases) {
    const auto read = read_plain_metadata(pickled(items));
    ASSERT_TRUE(read) << items.front().first;
    EXPECT_EQ(items_of(*read), items);
  }
}

// As `pickle.dumps({b'X-Timestamp': b'1.0', b'name': b'/a/c/o'}, 2)` of Python 3.11 gives it.
TEST(MetadataPickleTest, ReadsPythonsOwn) {
  const std::string blob(
      "\x80\x02}q\x00(c_codecs\nencode\nq\x01X\x0b\x00\x00\x00X-"
      "Timestampq\x02X\x06\x00\x00\x00latin1q\x03\x86q\x04"
      "Rq\x05h\x01X\x03\x00\x00\x00"
      "1.0q\x06h\x03\x86q\x07Rq\x08h\x01X\x04\x00\x00\x00nameq\th\x03\x86q\nRq\x0bh\x01X\x06\x00\x00\x00/a/c/"
      "oq"
      "\x0ch\x03\x86q\rRq\x0eu.",
      127);
  const auto read = read_plain_metadata(blob);
  ASSERT_TRUE(read);
  EXPECT_EQ(items_of(*read), (Items{{"X-Timestamp", "1.0"}, {"name", "/a/c/o"}}));
}

TEST(MetadataPickleTest, LeavesAllElseToThePickleReader) {
  const std::string plain = pickled(kItems);
  std::vector<std::pair<const char*, std::string>> cases = {
      {"nothing", ""},
      {"no item", pickled({})},
      {"one item", pickled({{"name", "/a/c/o"}})},
      {"a value that comes again", pickled({{"a", ""}, {"b", ""}})},
      {"a one-byte value that comes again", pickled({{"name", "1"}, {"other", "1"}})},
      {"more items than short numbers", pickled([] {
         Items items;
         for (int i = 100; i < 200; ++i) items.emplace_back("X-Object-Meta-" + std::to_string(i), "value");
         return items;
       }())},
      {"a number", pickle::dump(pickle::Value{pickle::Dict{
                       {pickle::Value{pickle::Bytes{"name"}}, pickle::Value{pickle::Bytes{"/a/c/o"}}},
                       {pickle::Value{pickle::Bytes{"index"}}, pickle::Value{std::int64_t{2}}}}})},
      {"text", pickle::dump(pickle::Value{pickle::Dict{
                   {pickle::Value{pickle::Text{"name"}}, pickle::Value{pickle::Text{"/a/c/o"}}},
                   {pickle::Value{pickle::Text{"other"}}, pickle::Value{pickle::Text{"value"}}}}})},
      {"a list", pickle::dump(pickle::Value{pickle::List{pickle::Value{pickle::Bytes{"name"}}}})},
      {"a name that comes twice", pickled({{"name", "/a/c/o"}, {"name", "/a/c/p"}})},
  };
  for (std::size_t size = 0; size < plain.size(); ++size) cases.emplace_back("cut", plain.substr(0, size));
  for (const auto& [what, data] : cases) {
    EXPECT_FALSE(read_plain_metadata(data)) << what << ": " << data.size();
  }
}

// Whatever byte is wrong: not read, or read as the pickle reader reads it.
TEST(MetadataPickleTest, NeverReadsWhatThePickleReaderReadsOtherwise) {
  const std::string plain = pickled(kItems);
  int read_all_the_same = 0;
  for (std::size_t at = 0; at < plain.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = plain;
      changed[at] = static_cast<char>(changed[at] ^ (1 << bit));
      const auto read = read_plain_metadata(changed);
      if (!read) continue;
      ++read_all_the_same;
      Items expected;
      const pickle::Value loaded = pickle::load(changed);
      for (const auto& [name, value] : std::get<pickle::Dict>(loaded.data)) {
        expected.emplace_back(std::get<pickle::Bytes>(name.data).data,
                              std::get<pickle::Bytes>(value.data).data);
      }
      EXPECT_EQ(items_of(*read), expected) << at << " " << bit;
    }
  }
  EXPECT_GT(read_all_the_same, 100);
}

}  // namespace
}  // namespace ssync
