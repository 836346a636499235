#include "common/config/backend_ratelimit_conf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "common/config/errors.h"
#include "tests/temporary_directory.h"
#include "tests/unit/thrown_message.h"

namespace ssync {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using Outcome = BackendRatelimitFile::Outcome;

IniSection filter(const std::map<std::string, std::string>& options) {
  IniSection section;
  for (const auto& [name, value] : options) {
    section.emplace(name, IniOption{"/o.conf", "filter:backend_ratelimit", name, value});
  }
  return section;
}

double rate_of(const RequestRates& rates, std::string_view method) {
  return rates.by_method[*rate_limited_method(method)];
}

TEST(BackendRatelimitConfTest, DefaultsAreSwifts) {
  const BackendRatelimitSettings settings = read_backend_ratelimit({});
  EXPECT_TRUE(settings.is_served);
  EXPECT_FALSE(settings.rates.any());
  EXPECT_EQ(settings.rates.buffer, 1);
  EXPECT_EQ(settings.conf_path, "/etc/swift/backend-ratelimit.conf");
  EXPECT_FALSE(settings.is_conf_path_given);
  EXPECT_EQ(settings.reload_interval, 60);
}

TEST(BackendRatelimitConfTest, EachMethodHasItsOption) {
  const BackendRatelimitSettings settings = read_backend_ratelimit(filter({
      {"requests_per_device_per_second", "10"},
      {"requests_per_device_rate_buffer", "0"},
      {"get_requests_per_device_per_second", "1.5"},
      {"replicate_requests_per_device_per_second", " 1_0 "},
      {"update_requests_per_device_per_second", "inf"},
      {"ssync_requests_per_device_per_second", "x"},  // Swift limits no sessions
      {"config_reload_interval", "0.5"},
      {"swift_dir", "/s"},
  }));
  EXPECT_EQ(settings.rates.all_methods, 10);
  EXPECT_EQ(settings.rates.buffer, 0);
  EXPECT_EQ(rate_of(settings.rates, "GET"), 1.5);
  EXPECT_EQ(rate_of(settings.rates, "REPLICATE"), 10);
  EXPECT_TRUE(std::isinf(rate_of(settings.rates, "UPDATE")));
  EXPECT_EQ(rate_of(settings.rates, "HEAD"), 0);
  EXPECT_EQ(settings.reload_interval, 0.5);
  EXPECT_EQ(settings.conf_path, "/s/backend-ratelimit.conf");
  EXPECT_FALSE(rate_limited_method("SSYNC"));
}

TEST(BackendRatelimitConfTest, WhatEndsSwiftsServerIsRefused) {
  const std::pair<std::string, std::string> wrong[] = {
      {"requests_per_device_per_second", "-1"},
      {"head_requests_per_device_per_second", "many"},
      {"requests_per_device_rate_buffer", ""},
      {"config_reload_interval", "1m"},
  };
  for (const auto& option : wrong) {
    EXPECT_THAT(thrown_message<ConfigError>([&] { read_backend_ratelimit(filter({option})); }),
                AllOf(HasSubstr("/o.conf"), HasSubstr(option.first + " = " + option.second)));
  }
}

class BackendRatelimitFileTest : public ::testing::Test {
 protected:
  BackendRatelimitFile read(const std::string& text) {
    directory_.write("r.conf", text);
    return read_backend_ratelimit_file(path_, filter_);
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.path() + "/r.conf";
  RequestRates filter_{.all_methods = 7, .by_method = {1}, .buffer = 2};
};

TEST_F(BackendRatelimitFileTest, IsOverTheFilter) {
  const BackendRatelimitFile file = read(
      "[DEFAULT]\nrequests_per_device_rate_buffer = 5\n[backend_ratelimit]\n"
      "get_requests_per_device_per_second = 100\nmine = 1\n[other]\nx = y\n");
  EXPECT_EQ(file.outcome, Outcome::loaded) << file.why;
  EXPECT_EQ(file.rates.all_methods, 7);
  EXPECT_EQ(file.rates.buffer, 5);
  EXPECT_EQ(rate_of(file.rates, "GET"), 100);
}

TEST_F(BackendRatelimitFileTest, MayBeADirectory) {
  std::filesystem::create_directory(path_);
  directory_.write("r.conf/1.conf", "[backend_ratelimit]\nrequests_per_device_per_second = 3\n");
  directory_.write("r.conf/2.conf", "[backend_ratelimit]\nrequests_per_device_per_second = 4\n");
  EXPECT_EQ(read_backend_ratelimit_file(path_, filter_).rates.all_methods, 4);
}

TEST_F(BackendRatelimitFileTest, SaysWhyItCannotBeTaken) {
  const BackendRatelimitFile missing = read_backend_ratelimit_file(path_, filter_);
  EXPECT_EQ(missing.outcome, Outcome::unreadable);
  EXPECT_EQ(missing.why, "Unable to read config from " + path_);
  const std::pair<const char*, const char*> invalid[] = {
      {"[filter:backend_ratelimit]\n", "Unable to find backend_ratelimit config section in "},
      {"[backend_ratelimit]\nput_requests_per_device_per_second = -0.1\n", "put_requests"},
      {"[backend_ratelimit]\nrequests_per_device_rate_buffer = no\n", "requests_per_device_rate_buffer = no"},
      {"requests_per_device_per_second = 1\n", "r.conf"},
      {"[backend_ratelimit]\nx = 1\nx = 2\n", "r.conf"},
  };
  for (const auto& [text, why] : invalid) {
    const BackendRatelimitFile file = read(text);
    EXPECT_EQ(file.outcome, Outcome::invalid) << text;
    EXPECT_THAT(file.why, HasSubstr(why));
  }
}

}  // namespace
}  // namespace ssync
