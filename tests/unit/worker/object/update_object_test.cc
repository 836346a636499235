#include "worker/object/update_object.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "common/os/errors.h"
#include "common/store/disk_file.h"
#include "common/store/hash_dir_cleanup.h"
#include "tests/unit/common/statsd/datagram_receiver.h"
#include "tests/unit/scripted_streams.h"
#include "tests/unit/temporary_device.h"
#include "worker/request/errors.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Lines = std::vector<std::string>;

const char kT0[] = "1700000000.00000";
const char kT1[] = "1700000001.00000";
const char kT2[] = "1700000002.00000";
const char kT3[] = "1700000003.00000";

class UpdateObjectTest : public ::testing::TestWithParam<CommitMode> {
 protected:
  explicit UpdateObjectTest(int policy = 0) : device_(policy) {
    device_.settings().reclaim_age = std::int64_t{1} << 40;
  }

  HttpAnswer answer(const std::string& line, const Lines& headers, const std::string& body = "",
                    ScriptEnd end = ScriptEnd::clean) {
    Subrequest request(line);
    for (const std::string& header : headers) request.add_header(header);
    request.add_backend_headers(device_.partition().policy, std::nullopt);
    ScriptedInput input(body, end, 3);
    SubrequestBody content(input, request.method == "PUT" ? request.content_length.value_or(0) : 0);
    CommitQueue commits(device_.partition(), threads_, GetParam());
    const UpdateTarget target{device_.partition(), "sda1", commits, device_.configuration().settings.receiver,
                              metrics_};
    const UpdateAnswer answer = update_object(target, request, content);
    is_timed_ = answer.timer.has_value();
    if (!answer.ticket) return answer.answer;
    commits.finish();
    const std::exception_ptr failure = commits.take_results().at(0).failure;
    return failure ? answer_failure(failure) : answer.answer;
  }
  int put(const std::string& time, const std::string& data, const Lines& more = {}) {
    Lines headers{"X-Timestamp: " + time, "Content-Length: " + std::to_string(data.size()),
                  "Content-Type: text/plain"};
    headers.insert(headers.end(), more.begin(), more.end());
    return answer("PUT /a/c/o", headers, data).status;
  }
  int post(const std::string& time, const Lines& more = {}) {
    Lines headers{"X-Timestamp: " + time};
    headers.insert(headers.end(), more.begin(), more.end());
    return answer("POST /a/c/o", headers).status;
  }
  int del(const std::string& time, const Lines& more = {}) {
    Lines headers{"X-Timestamp: " + time};
    headers.insert(headers.end(), more.begin(), more.end());
    return answer("DELETE /a/c/o", headers).status;
  }
  void clear() const {
    std::filesystem::remove_all(device_.path() + "/objects");
    std::filesystem::remove_all(device_.path() + "/quarantined");
  }
  [[nodiscard]] Lines files() const { return device_.files_of(name_); }
  [[nodiscard]] std::map<std::string, std::string> stored(const std::string& file) const {
    return as_map(read_metadata(device_.hash_dir_of(name_) + "/" + file).metadata);
  }

  DatagramReceiver statsd_;
  RequestMetrics metrics_{{.host = "127.0.0.1", .port = statsd_.port(), .metric_prefix = {}}, ""};
  TemporaryDevice device_;
  const ObjectName name_{"a", "c", "o"};
  DiskThreads threads_{4};
  bool is_timed_ = false;  // the last answer
};

class UpdateFragmentTest : public UpdateObjectTest {
 protected:
  UpdateFragmentTest() : UpdateObjectTest(2) {}

  void clear_fragments() const { std::filesystem::remove_all(device_.path() + "/objects-2"); }
  int put_fragment(const std::string& time, const Lines& more = {}) {
    Lines headers{"X-Object-Sysmeta-Ec-Frag-Index: 0"};
    headers.insert(headers.end(), more.begin(), more.end());
    return put(time, "hello", headers);
  }
};

// A success means that what was sent is there, or something newer. A .durable whose fragments have gone makes
// Swift's clean-up remove what is older, also what was stored just now.
TEST_P(UpdateFragmentTest, WhatIsStoredOutlivesANewerLoneDurable) {
  struct Case {
    const char* why;
    Lines before;
    std::function<int()> update;
    int status;
    Lines left;  // also after another clean-up
  };
  const std::string t0 = kT0;
  const std::string t1 = kT1;
  const std::string t2 = kT2;
  const std::string t3 = kT3;
  const auto put_it = [&] { return put_fragment(kT1); };
  const auto put_undecided = [&] { return put_fragment(kT1, {"X-Backend-No-Commit: True"}); };
  const auto delete_it = [&] { return del(kT1); };
  const Case cases[] = {
      {"durable", {t3 + ".durable"}, put_it, 201, {t1 + "#0#d.data"}},
      {"two marks", {t2 + ".durable", t3 + ".durable"}, put_it, 201, {t1 + "#0#d.data"}},
      {"undecided", {t3 + ".durable"}, put_undecided, 201, {t1 + "#0.data"}},
      {"tombstone", {t3 + ".durable"}, delete_it, 404, {t1 + ".ts"}},
      {"an older mark", {t0 + ".durable"}, put_it, 201, {t1 + "#0#d.data"}},
      {"a mark of that time", {t1 + ".durable"}, put_it, 201, {t1 + "#0#d.data", t1 + ".durable"}},
      {"an older durable one", {t0 + "#1#d.data", t3 + ".durable"}, put_it, 201, {t1 + "#0#d.data"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    clear_fragments();
    for (const std::string& name : c.before) {
      device_.add_file(name_, name, TemporaryDevice::named(name_, name.substr(0, t0.size())));
    }
    EXPECT_EQ(c.update(), c.status);
    EXPECT_EQ(files(), c.left);
    clean_up_hash_dir(device_.partition(), device_.hash_dir_of(name_));
    EXPECT_EQ(files(), c.left);
  }
}

TEST_P(UpdateFragmentTest, WhatIsRefusedLeavesALoneDurable) {
  const std::string mark = std::string(kT3) + ".durable";
  device_.add_file(name_, mark, TemporaryDevice::named(name_, kT3));
  // Without an index: found out when the whole fragment is here.
  EXPECT_EQ(put(kT1, "x"), 500);
  EXPECT_EQ(files(), Lines{mark});
}

// An index that the policy does not have is nobody's fragment, but a clean-up takes it for one.
TEST_P(UpdateFragmentTest, WhatTheCleanUpTookIsNoSuccess) {
  device_.add_bare_file(name_, std::string(kT3) + "#9#d.data");
  EXPECT_EQ(put_fragment(kT1), 500);
  EXPECT_EQ(del(kT1), 500);
}

TEST_P(UpdateObjectTest, PutStoresDataAndEveryHeaderSent) {
  EXPECT_EQ(put(kT1, "hello",
                {"ETag: 5d41402abc4b2a76b9719d911017c592", "X-Object-Meta-It's: red", "X-Custom: 1",
                 "X-Backend-No-Commit: True"}),
            201);
  ASSERT_THAT(files(), ElementsAre(std::string(kT1) + ".data"));
  EXPECT_EQ(read_file(device_.hash_dir_of(name_) + "/" + files()[0]), "hello");
  const std::map<std::string, std::string> expected{
      {"X-Timestamp", kT1},
      {"Content-Type", "text/plain"},
      {"Content-Length", "5"},
      {"ETag", "5d41402abc4b2a76b9719d911017c592"},
      {"X-Object-Meta-It'S", "red"},
      {"X-Custom", "1"},
      {"name", "/a/c/o"},
  };
  EXPECT_EQ(stored(files()[0]), expected);
  EXPECT_THAT(device_.invalid_suffixes(), ElementsAre(device_.hash_of(name_).substr(29)));
}

// A header name with '_' is stored twice, and values are encoded twice, as Swift does.
TEST_P(UpdateObjectTest, PutStoresNamesAndValuesAsSwiftSpellsThem) {
  EXPECT_EQ(put("1.7000000010e9", "", {"X-Object-Meta-a_b: \xc3\xa9", "X-Object-Meta-Voila: voil\xc3\xa0"}),
            201);
  ASSERT_THAT(files(), ElementsAre(std::string(kT1) + ".data"));
  auto metadata = stored(files()[0]);
  EXPECT_EQ(metadata["X-Object-Meta-A-B"], "\xc3\x83\xc2\xa9");
  EXPECT_EQ(metadata["X-Object-Meta-A_B"], "\xc3\x83\xc2\xa9");
  EXPECT_EQ(metadata["X-Object-Meta-Voila"], "voil\xc3\x83\xc2\xa0");
  EXPECT_EQ(metadata["X-Timestamp"], "1.7000000010e9");
}

// Only ASCII letters change their case, so that there is one name, and the right one (2.32).
TEST_P(UpdateObjectTest, NamesInUtf8AreStoredOnceAndWhole) {
  const Lines sent{"X-Object-Meta-T\xc3\xa9: 1", "\xc3\xa9t\xc3\xa9: 2", "X-Object-Meta-\xe1\x83\x90: 3",
                   "X-Object-Meta-\xd0\x96: 4"};
  const auto expected = [](std::map<std::string, std::string> others) {
    others.insert({{"X-Object-Meta-T\u00c3\u00a9", "1"},
                   {"\u00c3\u00a9T\u00c3\u00a9", "2"},
                   {"X-Object-Meta-\u00e1\u0083\u0090", "3"},
                   {"X-Object-Meta-\u00d0\u0096", "4"},
                   {"name", "/a/c/o"}});
    return others;
  };
  EXPECT_EQ(put(kT1, "", sent), 201);
  EXPECT_EQ(stored(std::string(kT1) + ".data"), expected({{"X-Timestamp", kT1},
                                                          {"Content-Type", "text/plain"},
                                                          {"Content-Length", "0"},
                                                          {"ETag", "d41d8cd98f00b204e9800998ecf8427e"}}));
  EXPECT_EQ(post(kT2, sent), 202);
  EXPECT_EQ(stored(std::string(kT2) + ".meta"), expected({{"X-Timestamp", kT2}}));
}

TEST_P(UpdateObjectTest, PutIsRefusedByWhatIsAsNewOrNewer) {
  struct Case {
    const char* why;
    std::function<void()> before;
    int status;
  };
  const Case cases[] = {
      {"nothing", [] {}, 201},
      {"older data", [&] { device_.add_data(name_, kT1, "x"); }, 201},
      {"data of that time", [&] { device_.add_data(name_, kT2, "x"); }, 409},
      {"newer data", [&] { device_.add_data(name_, kT3, "x"); }, 409},
      {"older tombstone", [&] { device_.add_tombstone(name_, kT1); }, 201},
      {"tombstone of that time", [&] { device_.add_tombstone(name_, kT2); }, 409},
      {"newer tombstone", [&] { device_.add_tombstone(name_, kT3); }, 409},
      // lp1683689
      {"newer expired data",
       [&] {
         device_.add_data(name_, kT3, "x", {{"X-Delete-At", "1"}});
       },
       409},
      {"older expired data",
       [&] {
         device_.add_data(name_, kT1, "x", {{"X-Delete-At", "1"}});
       },
       201},
      // A newer POST is no newer data (2.5.0).
      {"older data with a newer meta",
       [&] {
         device_.add_data(name_, kT1, "x");
         device_.add_meta(name_, kT3);
       },
       201},
      {"corrupt newer data",
       [&] {
         device_.add_data(name_, kT3, "x", {{"Content-Length", "2"}});
       },
       201},
      {"another object's data",
       [&] {
         device_.add_data(name_, kT1, "x", {{"name", "/a/c/other"}});
       },
       403},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    clear();
    c.before();
    const Lines before = files();
    EXPECT_EQ(put(kT2, "hello"), c.status);
    // By its data too: what was there may be of that very time.
    const bool is_stored = read_file(device_.hash_dir_of(name_) + "/" + kT2 + ".data") == "hello";
    EXPECT_EQ(is_stored, c.status == 201);
    if (c.status != 201) {
      EXPECT_EQ(files(), before);
      continue;
    }
    DiskFile file(device_.partition(), name_);
    ASSERT_EQ(file.open(ExpiredObjects::refuse, 0), OpenOutcome::open);
    EXPECT_EQ(file.data_timestamp().internal(), kT2);
  }
}

// PUT then POST: data and .meta travel apart (2.5.0).
TEST_P(UpdateObjectTest, PutKeepsANewerMeta) {
  device_.add_data(name_, kT1, "x");
  device_.add_meta(name_, kT3);
  EXPECT_EQ(put(kT2, "hello"), 201);
  EXPECT_THAT(files(), ElementsAre(std::string(kT2) + ".data", std::string(kT3) + ".meta"));
}

TEST_P(UpdateObjectTest, PutRefusesWhatItCannotStore) {
  struct Case {
    const char* why;
    const char* line;
    Lines headers;
    int status;
  };
  const std::string time = std::string("X-Timestamp: ") + kT1;
  const Case cases[] = {
      {"no time", "PUT /a/c/o", {"Content-Length: 2", "Content-Type: t"}, 400},
      {"a bad time", "PUT /a/c/o", {"X-Timestamp: x", "Content-Length: 2", "Content-Type: t"}, 400},
      {"no content type", "PUT /a/c/o", {time, "Content-Length: 2"}, 400},
      {"empty content type", "PUT /a/c/o", {time, "Content-Length: 2", "Content-Type:"}, 400},
      {"a wrong ETag", "PUT /a/c/o", {time, "Content-Length: 2", "Content-Type: t", "ETag: x"}, 422},
      {"not UTF-8", "PUT /a/c/%ff", {time, "Content-Length: 2", "Content-Type: t"}, 412},
      {"no object", "PUT /a/c", {time, "Content-Length: 2", "Content-Type: t"}, 400},
      {"a negative length", "PUT /a/c/o", {time, "Content-Length: -5", "Content-Type: t"}, 499},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(answer(c.line, c.headers, "ab").status, c.status) << c.why;
    EXPECT_THAT(files(), IsEmpty()) << c.why;
    EXPECT_THAT(device_.invalid_suffixes(), IsEmpty()) << c.why;
  }
}

TEST_P(UpdateObjectTest, PutMatchesIfNoneMatch) {
  EXPECT_EQ(put(kT1, "hello", {"If-None-Match: *"}), 201);
  EXPECT_EQ(put(kT2, "hello", {"If-None-Match: *"}), 412);
  EXPECT_EQ(put(kT2, "hello", {"If-None-Match: \"5d41402abc4b2a76b9719d911017c592\""}), 412);
  EXPECT_EQ(put(kT2, "hello", {"If-None-Match: \"other\""}), 201);
}

TEST_P(UpdateObjectTest, PutTakesQuotedAndNoEtags) {
  EXPECT_EQ(put(kT1, "hello", {"ETag: \"5d41402abc4b2a76b9719d911017c592\""}), 201);
  EXPECT_EQ(put(kT2, "hello", {"ETag:"}), 201);
}

// lp1631144: a short body is never an object.
TEST_P(UpdateObjectTest, PutOfAShortBodyEndsTheSession) {
  const Lines headers{std::string("X-Timestamp: ") + kT1, "Content-Length: 5", "Content-Type: t"};
  EXPECT_THROW(answer("PUT /a/c/o", headers, "hell", ScriptEnd::clean), ClientGone);
  EXPECT_THROW(answer("PUT /a/c/o", headers, "hell", ScriptEnd::cut), ClientGone);
  EXPECT_THROW(answer("PUT /a/c/o", headers, "hell", ScriptEnd::silence), ClientTimeout);
  EXPECT_THROW(answer("PUT /a/c/o", headers, "", ScriptEnd::interrupt), Interrupted);
  EXPECT_THAT(files(), IsEmpty());
}

TEST_P(UpdateObjectTest, PutInTimeOnly) {
  device_.receiver().max_upload_time = -1;
  EXPECT_EQ(put(kT1, "hello"), 408);
  EXPECT_THAT(files(), IsEmpty());
}

TEST_P(UpdateObjectTest, NothingIsStoredOnAnUnmountedDevice) {
  std::filesystem::remove_all(device_.path());
  EXPECT_EQ(put(kT1, "hello"), 507);
  EXPECT_EQ(post(kT1), 507);
  EXPECT_EQ(del(kT1), 507);
  EXPECT_FALSE(std::filesystem::exists(device_.path()));
}

TEST_P(UpdateObjectTest, OnlyDeleteWorksOnAFullDevice) {
  device_.add_data(name_, kT0, "x");
  device_.settings().fallocate_reserve = {.amount = 100, .is_percent = true};
  EXPECT_EQ(put(kT1, "hello"), 507);
  EXPECT_EQ(put(kT1, ""), 507);
  EXPECT_EQ(post(kT1), 507);
  EXPECT_EQ(del(kT1), 204);
  EXPECT_THAT(files(), ElementsAre(std::string(kT1) + ".ts"));
}

TEST_P(UpdateObjectTest, PostComparesAnExpiryWithTheWholeTime) {
  ASSERT_EQ(put(kT1, "hello"), 201);
  EXPECT_EQ(post("4000000000.00000_000000000000000a", {"X-Delete-At: 4000000000"}), 400);
  EXPECT_EQ(post("4000000000.00000", {"X-Delete-At: -1"}), 400);
  EXPECT_EQ(post("4000000000.00000", {"X-Delete-At: 4000000000"}), 202);
}

// lp bug of 2.36: "not here" would be a success, and the sender might delete its copy.
TEST_P(UpdateObjectTest, AnObjectWhoseFilesKeepVanishingIsNotTakenForAbsent) {
  const std::string directory = device_.hash_dir_of(ObjectName{"a", "c", "o"});
  std::filesystem::create_directories(directory);
  // Listed, but never there to be opened.
  std::filesystem::create_symlink("nowhere", directory + "/" + kT1 + ".data");
  EXPECT_EQ(post(kT2), 503);
  EXPECT_EQ(put(kT2, "hello"), 503);
  EXPECT_EQ(del(kT2), 503);
}

TEST_P(UpdateObjectTest, PutTurnsDeleteAfterIntoDeleteAt) {
  EXPECT_EQ(put(kT1, "hello", {"X-Delete-After: 60"}), 201);
  auto metadata = stored(std::string(kT1) + ".data");
  EXPECT_EQ(metadata["X-Delete-At"], "1700000061");
  EXPECT_EQ(metadata.count("X-Delete-After"), 0U);
}

TEST_P(UpdateObjectTest, FailsWithFiveHundredWhereADirectoryCannotBeMade) {
  std::filesystem::create_directories(device_.path());
  std::ofstream(device_.path() + "/objects") << "x";
  EXPECT_EQ(put(kT1, "hello"), 500);
}

TEST_P(UpdateObjectTest, DeleteWritesATombstone) {
  struct Case {
    const char* why;
    std::function<void()> before;
    int status;
    Lines left;
  };
  const std::string t1 = kT1;
  const std::string t2 = kT2;
  const std::string t3 = kT3;
  const Case cases[] = {
      {"nothing", [] {}, 404, {t2 + ".ts"}},
      {"older data", [&] { device_.add_data(name_, kT1, "x"); }, 204, {t2 + ".ts"}},
      {"data of that time", [&] { device_.add_data(name_, kT2, "x"); }, 409, {t2 + ".data"}},
      {"newer data", [&] { device_.add_data(name_, kT3, "x"); }, 409, {t3 + ".data"}},
      {"older tombstone", [&] { device_.add_tombstone(name_, kT1); }, 404, {t2 + ".ts"}},
      {"newer tombstone", [&] { device_.add_tombstone(name_, kT3); }, 404, {t3 + ".ts"}},
      {"older expired data",
       [&] {
         device_.add_data(name_, kT1, "x", {{"X-Delete-At", "1"}});
       },
       404,
       {t2 + ".ts"}},
      {"newer expired data",
       [&] {
         device_.add_data(name_, kT3, "x", {{"X-Delete-At", "1"}});
       },
       404,
       {t3 + ".data"}},
      {"older data that expired by a newer meta",
       [&] {
         device_.add_data(name_, kT1, "x");
         device_.add_meta(name_, kT3, {{"X-Delete-At", "1"}});
       },
       404,
       {t2 + ".ts", t3 + ".meta"}},
      {"older data with a newer meta",
       [&] {
         device_.add_data(name_, kT1, "x");
         device_.add_meta(name_, kT3);
       },
       204,
       {t2 + ".ts", t3 + ".meta"}},
      {"corrupt data",
       [&] {
         device_.add_data(name_, kT1, "x", {{"Content-Length", "2"}});
       },
       404,
       {t2 + ".ts"}},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    clear();
    c.before();
    EXPECT_EQ(del(kT2), c.status);
    EXPECT_EQ(files(), c.left);
  }
}

TEST_P(UpdateObjectTest, TombstonesHoldTimeAndNameOnly) {
  EXPECT_EQ(del(kT1, {"X-Object-Meta-Color: red", "X-Custom: 1"}), 404);
  EXPECT_THAT(stored(std::string(kT1) + ".ts"),
              ElementsAre(::testing::Pair("X-Timestamp", kT1), ::testing::Pair("name", "/a/c/o")));
}

TEST_P(UpdateObjectTest, DeleteHonoursXIfDeleteAt) {
  EXPECT_EQ(del(kT1, {"X-If-Delete-At: 5"}), 404);
  EXPECT_THAT(files(), IsEmpty());
  device_.add_data(name_, kT1, "x", {{"X-Delete-At", "5"}});
  EXPECT_EQ(del(kT2, {"X-If-Delete-At: soon"}), 400);
  EXPECT_EQ(del(kT2, {"X-If-Delete-At: 6"}), 412);
  EXPECT_EQ(del(kT1, {"X-If-Delete-At: 5"}), 409);
  EXPECT_THAT(files(), ElementsAre(std::string(kT1) + ".data"));
  // Data that expired by a newer POST is older than this, and yet not the expirer's.
  device_.add_meta(name_, kT3, {{"X-Delete-At", "6"}});
  EXPECT_EQ(del(kT2, {"X-If-Delete-At: 5"}), 409);
  EXPECT_EQ(del(kT2, {"X-If-Delete-At: 6"}), 409);
  std::filesystem::remove(device_.hash_dir_of(name_) + "/" + kT3 + ".meta");
  EXPECT_EQ(del(kT2, {"X-If-Delete-At: 5"}), 204);
  EXPECT_THAT(files(), ElementsAre(std::string(kT2) + ".ts"));
}

TEST_P(UpdateObjectTest, DeleteTakesNamesThatAreTooLong) {
  const std::string path = "/a/c/" + std::string(1025, 'n');
  const std::string time = std::string("X-Timestamp: ") + kT1;
  EXPECT_EQ(answer("PUT " + path, {time, "Content-Length: 0", "Content-Type: t"}).status, 400);
  EXPECT_EQ(answer("DELETE " + path, {time}).status, 404);
}

TEST_P(UpdateObjectTest, PostStoresAMeta) {
  device_.add_data(name_, kT1, "x", {{"X-Object-Meta-Old", "1"}});
  EXPECT_EQ(post(kT2, {"X-Object-Meta-Color: red", "Content-Length: 0"}), 202);
  ASSERT_THAT(files(), ElementsAre(std::string(kT1) + ".data", std::string(kT2) + ".meta"));
  const std::map<std::string, std::string> expected{
      {"X-Timestamp", kT2}, {"X-Object-Meta-Color", "red"}, {"Content-Length", "0"}, {"name", "/a/c/o"}};
  EXPECT_EQ(stored(files()[1]), expected);
}

TEST_P(UpdateObjectTest, PostIsAnsweredByWhatIsThere) {
  struct Case {
    const char* why;
    std::function<void()> before;
    int status;
  };
  const Case cases[] = {
      {"nothing", [] {}, 404},
      {"older data", [&] { device_.add_data(name_, kT1, "x"); }, 202},
      {"data of that time", [&] { device_.add_data(name_, kT2, "x"); }, 409},
      {"newer data", [&] { device_.add_data(name_, kT3, "x"); }, 409},
      {"newer meta",
       [&] {
         device_.add_data(name_, kT1, "x");
         device_.add_meta(name_, kT3);
       },
       409},
      {"newer tombstone", [&] { device_.add_tombstone(name_, kT3); }, 404},
      {"older tombstone", [&] { device_.add_tombstone(name_, kT1); }, 404},
      {"expired data",
       [&] {
         device_.add_data(name_, kT1, "x", {{"X-Delete-At", "1"}});
       },
       202},
      {"corrupt data",
       [&] {
         device_.add_data(name_, kT1, "x", {{"Content-Length", "2"}});
       },
       404},
      {"another object's data",
       [&] {
         device_.add_data(name_, kT1, "x", {{"name", "/a/c/other"}});
       },
       403},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    clear();
    c.before();
    EXPECT_EQ(post(kT2), c.status);
  }
}

// As 2.38 does, whether the object is there or not; 2.30.1 looks at the object first, and fails with 500.
TEST_P(UpdateObjectTest, PostIsRefusedByItsHeaders) {
  struct Case {
    Lines headers;
    int status;
    int status_of_nothing;
  };
  const std::string content_type = "Content-Type: a/b";
  const Case cases[] = {
      {{"X-Delete-At: soon"}, 400, 400},
      {{"X-Delete-At: \xd9\xa3"}, 400, 400},
      {{"X-Delete-At: -1"}, 400, 400},
      {{"X-Delete-At: -99999999999999999999"}, 400, 400},
      {{"X-Delete-At: 9223372036854775808"}, 202, 404},
      {{"X-Delete-At: " + std::string(310, '9')}, 500, 500},
      {{"X-Object-Meta-A: " + std::string(256, 'v')}, 202, 404},
      {{"X-Object-Meta-A: " + std::string(257, 'v')}, 400, 400},
      {{"X-Other: " + std::string(8193, 'v')}, 400, 400},
      {{content_type, "Content-Type-Timestamp: x"}, 400, 400},
      {{content_type, "Content-Type-Timestamp: inf"}, 500, 500},
      {{"Content-Type-Timestamp: x"}, 500, 404},  // of nothing; yet it is to name the file
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.headers.back().substr(0, 60));
    clear();
    EXPECT_EQ(post(kT2, c.headers), c.status_of_nothing);
    device_.add_data(name_, kT1, "x");
    EXPECT_EQ(post(kT2, c.headers), c.status);
  }
}

TEST_P(UpdateObjectTest, PostKeepsContentTypesInOrder) {
  struct Case {
    const char* why;
    const char* time;
    Lines headers;
    int status;
    const char* meta;  // the newest
    const char* content_type;
  };
  const Case cases[] = {
      {"at the POST's time", kT3, {"Content-Type: new"}, 202, "1700000003.00000+0.meta", "new"},
      {"older than the POST",
       kT3,
       {"Content-Type: new", std::string("Content-Type-Timestamp: ") + kT2},
       202,
       "1700000003.00000-186a0.meta",
       "new"},
      // Every header is stored, so the older content type is too; reading ignores it.
      {"older than the data",
       kT3,
       {"Content-Type: old", std::string("Content-Type-Timestamp: ") + kT0},
       202,
       "1700000003.00000-493e0.meta",
       "text/plain"},
      {"none", kT3, {}, 202, "1700000003.00000.meta", "text/plain"},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    clear();
    device_.add_data(name_, kT1, "x");
    EXPECT_EQ(post(c.time, c.headers), c.status);
    EXPECT_EQ(files().back(), c.meta);
    DiskFile file(device_.partition(), name_);
    ASSERT_EQ(file.open(ExpiredObjects::refuse, 0), OpenOutcome::open);
    EXPECT_EQ(*file.metadata().find("Content-Type"), c.content_type);
  }
}

TEST_P(UpdateObjectTest, AnOlderPostsNewerContentTypeRewritesTheMeta) {
  device_.add_data(name_, kT0, "x");
  ASSERT_EQ(post(kT2, {"X-Object-Meta-Color: red"}), 202);
  EXPECT_EQ(post(kT1, {"X-Object-Meta-Color: blue", "Content-Type: new",
                       std::string("Content-Type-Timestamp: ") + kT3}),
            202);
  EXPECT_EQ(files().back(), "1700000002.00000+186a0.meta");
  DiskFile file(device_.partition(), name_);
  ASSERT_EQ(file.open(ExpiredObjects::refuse, 0), OpenOutcome::open);
  EXPECT_EQ(*file.metadata().find("X-Object-Meta-Color"), "red");
  EXPECT_EQ(*file.metadata().find("Content-Type"), "new");
}

TEST_P(UpdateObjectTest, PostKeepsTheContentTypeOfAnEarlierOne) {
  device_.add_data(name_, kT0, "x");
  ASSERT_EQ(post(kT1, {"Content-Type: new"}), 202);
  ASSERT_EQ(post(kT2), 202);
  EXPECT_THAT(files(), ElementsAre(std::string(kT0) + ".data", "1700000002.00000-186a0.meta"));
  EXPECT_EQ(stored(files()[1])["Content-Type"], "new");
}

// What Swift answers: it has no .meta to take the content type.
TEST_P(UpdateObjectTest, ANewerContentTypeWithoutAMetaFails) {
  device_.add_data(name_, kT1, "x");
  EXPECT_EQ(post(kT1, {"Content-Type: new", std::string("Content-Type-Timestamp: ") + kT2}), 500);
  EXPECT_THAT(files(), SizeIs(1));
}

TEST_P(UpdateObjectTest, PostRefusesADeleteTimeInThePast) {
  device_.add_data(name_, kT1, "x");
  EXPECT_EQ(post(kT2, {"X-Delete-At: 5"}), 400);
  EXPECT_EQ(post(kT2, {"X-Delete-At: 1700000005"}), 202);
}

// Those that ObjectController's methods return, and not those that they raise.
TEST_P(UpdateObjectTest, AnswersThatSwiftReturnsAreTimed) {
  const std::string devices = std::filesystem::path(device_.path()).parent_path();
  struct Case {
    const char* why;
    std::function<int()> update;
    int status;
    bool is_timed;
    bool has_device = true;
  };
  const std::vector<Case> cases = {
      {"PUT", [&] { return put(kT2, "x"); }, 201, true},
      {"PUT of what is here", [&] { return put(kT1, "x"); }, 409, false},
      {"PUT under a condition", [&] { return put(kT2, "x", {"If-None-Match: *"}); }, 412, false},
      {"PUT with another ETag", [&] { return put(kT2, "x", {"ETag: y"}); }, 422, false},
      {"PUT at no time", [&] { return put("x", "x"); }, 400, false},
      {"PUT without a device", [&] { return put(kT2, "x"); }, 507, false, false},
      {"POST", [&] { return post(kT2); }, 202, true},
      {"POST of what is here", [&] { return post(kT1); }, 409, true},
      {"POST in the past", [&] { return post(kT2, {"X-Delete-At: 5"}); }, 400, true},
      {"POST at no time", [&] { return post("x"); }, 400, false},
      {"POST without a device", [&] { return post(kT2); }, 507, true, false},
      {"DELETE", [&] { return del(kT2); }, 204, true},
      {"DELETE of what is newer", [&] { return del(kT0); }, 409, true},
      {"DELETE without a device", [&] { return del(kT2); }, 507, true, false},
      {"DELETE at no time", [&] { return del("x"); }, 400, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    clear();
    device_.add_data(name_, kT1, "x");
    if (!c.has_device) std::filesystem::rename(device_.path(), device_.path() + ".away");
    EXPECT_EQ(c.update(), c.status);
    EXPECT_EQ(is_timed_, c.is_timed);
    if (!c.has_device) std::filesystem::rename(device_.path() + ".away", device_.path());
  }
}

TEST_P(UpdateObjectTest, AFullDeviceIsTimed) {
  device_.settings().fallocate_reserve = {100, true};
  EXPECT_EQ(put(kT1, "x"), 507);
  EXPECT_TRUE(is_timed_);
}

// To nobody, as Swift's PUT does.
TEST_P(UpdateObjectTest, ABodyThatIsCutIsTimed) {
  EXPECT_THROW(
      answer("PUT /a/c/o",
             {std::string("X-Timestamp: ") + kT1, "Content-Length: 5", "Content-Type: text/plain"}, "x"),
      ClientGone);
  EXPECT_THAT(statsd_.take_all(), ElementsAre(::testing::MatchesRegex("PUT\\.timing:[0-9.e-]+\\|ms")));
}

TEST_P(UpdateObjectTest, TellsHowFastABodyWasWritten) {
  EXPECT_EQ(put(kT1, "hello"), 201);
  EXPECT_EQ(put(kT2, ""), 201);
  EXPECT_EQ(put(kT0, "hello"), 409);
  EXPECT_THAT(statsd_.take_all(), ElementsAre(::testing::MatchesRegex("PUT\\.sda1\\.timing:[0-9.e-]+\\|ms")));
}

const auto kModes = ::testing::Values(CommitMode::group, CommitMode::each);
constexpr auto kModeName = [](const auto& mode) {
  return mode.param == CommitMode::group ? "group" : "each";
};
INSTANTIATE_TEST_SUITE_P(BothModes, UpdateObjectTest, kModes, kModeName);
INSTANTIATE_TEST_SUITE_P(BothModes, UpdateFragmentTest, kModes, kModeName);

}  // namespace
}  // namespace ssync
