#include "common/store/durable_fragment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>

#include "common/os/errors.h"
#include "tests/unit/temporary_device.h"

namespace ssync {
namespace {

using ::testing::ElementsAreArray;
using Names = std::vector<std::string>;

constexpr char kT1[] = "1700000001.00000";

class DurableFragmentTest : public ::testing::Test {
 protected:
  DurableFragmentTest() { device_.settings().reclaim_age = std::int64_t{1} << 40; }

  void store(const Names& names) const {
    std::filesystem::remove_all(device_.path() + "/objects-2");
    std::filesystem::create_directories(device_.hash_dir_of(name_));
    for (const std::string& name : names) device_.add_bare_file(name_, name);
  }
  [[nodiscard]] FragmentRename commit() const {
    return make_fragment_durable(
        device_.partition(),
        {.hash_dir = device_.hash_dir_of(name_), .timestamp = Timestamp::parse(kT1), .index = 1});
  }
  [[nodiscard]] int error() const {
    try {
      static_cast<void>(commit());
      return 0;
    } catch (const OsError& failure) {
      return failure.code();
    }
  }

  TemporaryDevice device_{2};
  const ObjectName name_{"a", "c", "o"};
};

TEST_F(DurableFragmentTest, RenamesAndCleansUp) {
  struct Case {
    const char* why;
    Names before;
    Names after;  // sorted
  };
  const Case cases[] = {
      {"alone", {"1700000001.00000#1.data"}, {"1700000001.00000#1#d.data"}},
      {"older data goes",
       {"1700000000.00000#1#d.data", "1700000001.00000#1.data"},
       {"1700000001.00000#1#d.data"}},
      {"an older tombstone goes",
       {"1700000000.00000.ts", "1700000001.00000#1.data"},
       {"1700000001.00000#1#d.data"}},
      {"newer ones stay",
       {"1700000001.00000#1.data", "1700000002.00000#1.data"},
       {"1700000001.00000#1#d.data", "1700000002.00000#1.data"}},
      {"other indexes stay",
       {"1700000001.00000#0.data", "1700000001.00000#1.data"},
       {"1700000001.00000#0.data", "1700000001.00000#1#d.data"}},
  };
  for (const Case& c : cases) {
    store(c.before);
    EXPECT_EQ(commit(), FragmentRename::durable) << c.why;
    EXPECT_THAT(device_.files_of(name_), ElementsAreArray(c.after)) << c.why;
  }
}

// lp1719860
TEST_F(DurableFragmentTest, IsSupersededByWhatIsNewerOrDurable) {
  for (const Names& names : {Names{"1700000002.00000.ts"}, Names{"1700000001.00000#1#d.data"},
                             Names{"1700000002.00000#1#d.data"}}) {
    store(names);
    EXPECT_EQ(commit(), FragmentRename::superseded) << names.front();
    EXPECT_THAT(device_.files_of(name_), ElementsAreArray(names));
  }
}

TEST_F(DurableFragmentTest, FailsWhereNothingSupersedesIt) {
  for (const Names& names : {Names{}, Names{"1700000001.00000.ts"}, Names{"1700000000.00000#1#d.data"},
                             Names{"1700000001.00000#0#d.data"}, Names{"1700000002.00000#1.data"}}) {
    store(names);
    EXPECT_EQ(error(), ENOENT);
    EXPECT_THAT(device_.files_of(name_), ElementsAreArray(names));
  }
  std::filesystem::remove_all(device_.hash_dir_of(name_));
  EXPECT_EQ(error(), ENOENT);
}

}  // namespace
}  // namespace ssync
