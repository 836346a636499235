#include "common/config/middlewares.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/config/swift_egg.h"
#include "tests/temporary_directory.h"

namespace ssync {
namespace {

constexpr char kFilters[] =
    "[filter:healthcheck]\nuse = egg:swift#healthcheck\ndisable_path = /off\n"
    "[filter:recon]\nuse = egg:swift#recon\nrecon_cache_path = /cache\n"
    "[app:object-server]\nuse = egg:swift#object\ndevices = /not/the/filter's\n";

class MiddlewaresTest : public ::testing::Test {
 protected:
  MiddlewareSettings read(const std::string& text) {
    directory_.write("o.conf", text);
    PasteNotes notes;
    const auto main = load_paste_application(directory_.path() + "/o.conf", "main", {}, notes);
    return main ? read_middlewares(main->filters) : MiddlewareSettings();
  }

  TemporaryDirectory directory_;
};

TEST_F(MiddlewaresTest, ThePipelineSaysWhatIsServed) {
  struct Case {
    const char* pipeline;
    bool healthcheck;
    bool recon;
  };
  const Case cases[] = {
      {"[pipeline:main]\npipeline = healthcheck recon object-server\n", true, true},
      {"[pipeline:main]\npipeline = recon object-server\n", false, true},
      {"[pipeline:main]\npipeline = healthcheck object-server\n", true, false},
      {"[pipeline:main]\npipeline = object-server\n", false, false},
      {"[pipeline:main]\npipeline = egg:swift#recon object-server\n", false, true},
      {"[pipeline:main]\npipeline = mine object-server\n[filter:mine]\nuse = recon\n", false, true},
      {"[pipeline:main]\npipeline = mine object-server\n[filter:mine]\n"
       "paste.filter_factory = swift.common.middleware.healthcheck:filter_factory\n",
       true, false},
      {"[pipeline:main]\npipeline = mine object-server\n[filter:mine]\nuse = egg:other#recon\n", false,
       false},
      {"[pipeline:main]\npipeline = healthcheck inner\n[pipeline:inner]\npipeline = recon object-server\n",
       true, true},
      {"", false, false},
  };
  for (const Case& c : cases) {
    const MiddlewareSettings settings = read(std::string(c.pipeline) + kFilters);
    EXPECT_EQ(settings.healthcheck.is_served, c.healthcheck) << c.pipeline;
    EXPECT_EQ(settings.recon.is_served, c.recon) << c.pipeline;
  }
}

TEST_F(MiddlewaresTest, OptionsAreThoseOfDefaultAndOfTheFilter) {
  const std::string pipeline = "[pipeline:main]\npipeline = healthcheck recon object-server\n";
  MiddlewareSettings settings = read(pipeline + kFilters);
  EXPECT_EQ(settings.healthcheck.disable_path, "/off");
  EXPECT_EQ(settings.recon.cache_path, "/cache");
  EXPECT_EQ(settings.recon.devices, "/srv/node");
  EXPECT_EQ(settings.recon.swift_dir, "/etc/swift");
  settings =
      read("[DEFAULT]\ndevices = /d\nswift_dir = /s\nrecon_cache_path = /first\n" + pipeline + kFilters);
  EXPECT_EQ(settings.recon.devices, "/d");
  EXPECT_EQ(settings.recon.swift_dir, "/s");
  EXPECT_EQ(settings.recon.cache_path, "/first") << "only 'set' overrides [DEFAULT]";
}

TEST_F(MiddlewaresTest, RatesAreThoseOfTheFilter) {
  const std::string text =
      "[DEFAULT]\nswift_dir = /s\n[pipeline:main]\npipeline = backend_ratelimit object-server\n"
      "[filter:backend_ratelimit]\nuse = egg:swift#backend_ratelimit\nrequests_per_device_per_second = 9\n" +
      std::string(kFilters);
  const BackendRatelimitSettings settings = read(text).backend_ratelimit;
  EXPECT_TRUE(settings.is_served);
  EXPECT_EQ(settings.rates.all_methods, 9);
  EXPECT_EQ(settings.conf_path, "/s/backend-ratelimit.conf");
  EXPECT_FALSE(read("[pipeline:main]\npipeline = object-server\n" + std::string(kFilters))
                   .backend_ratelimit.is_served);
}

TEST_F(MiddlewaresTest, AFilterThatIsNotThereAnswersNothing) {
  for (const char* text :
       {"[pipeline:main]\npipeline = recno healthcheck object-server\n",
        "[pipeline:main]\npipeline = a healthcheck object-server\n[filter:a]\nuse = a\n"}) {
    const MiddlewareSettings settings = read(text + std::string(kFilters));
    EXPECT_FALSE(settings.recon.is_served) << text;
    EXPECT_TRUE(settings.healthcheck.is_served) << text;
  }
}

TEST(SwiftEggTest, NamesOfFilters) {
  EXPECT_TRUE(is_swifts_filter("use", "egg:swift#recon", "recon"));
  EXPECT_TRUE(is_swifts_filter("use", "EGG:Swift#recon", "recon"));
  EXPECT_TRUE(is_swifts_filter("use", "call:swift.common.middleware.recon:filter_factory", "recon"));
  EXPECT_FALSE(is_swifts_filter("use", "egg:swift#recon2", "recon"));
  EXPECT_FALSE(is_swifts_filter("use", "egg:swift", "recon"));
  EXPECT_FALSE(
      is_swifts_filter("paste.app_factory", "swift.common.middleware.recon:filter_factory", "recon"));
}

}  // namespace
}  // namespace ssync
