#include "worker/pool/backend_ratelimit.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "common/config/backend_ratelimit_conf.h"
#include "tests/temporary_directory.h"

namespace ssync {
namespace {

using Time = BackendRatelimit::Time;

class BackendRatelimitTest : public ::testing::Test {
 protected:
  BackendRatelimitSettings settings(const RequestRates& rates) {
    return {.is_served = true, .rates = rates, .conf_path = directory_.path() + "/r.conf"};
  }
  static RequestRates replicate(double rate, double buffer = 0) {
    RequestRates rates{.buffer = buffer};
    rates.by_method[*rate_limited_method("REPLICATE")] = rate;
    return rates;
  }
  void write(const std::string& text) { directory_.write("r.conf", text); }
  // How many of a burst of ten are allowed.
  int burst(double at, const char* device = "sda") {
    int allowed = 0;
    for (int request = 0; request < 10; ++request) {
      limit_.reload_if_due(Time(at));
      allowed += limit_.allows(device, "REPLICATE", Time(at)) ? 1 : 0;
    }
    return allowed;
  }

  TemporaryDirectory directory_;
  BackendRatelimit limit_;
};

// Recorded from BackendRateLimitMiddleware of Swift 2.38.1.
TEST_F(BackendRatelimitTest, RefusesWhatSwiftsRefuses) {
  RequestRates rates = replicate(2, 0.5);
  rates.all_methods = 4;
  rates.by_method[*rate_limited_method("GET")] = 3;
  limit_.configure(settings(rates));
  struct Row {
    double time;
    const char* device;
    const char* method;
    bool is_allowed;
  };
  const Row rows[] = {{1000.1, "sda", "SSYNC", true},       {1001.11, "sdb", "GET", true},
                      {1001.11, "sda", "REPLICATE", true},  {1001.12, "sda", "HEAD", true},
                      {1001.32, "sda", "REPLICATE", true},  {1001.52, "sda", "HEAD", true},
                      {1001.52, "sda", "REPLICATE", false}, {1001.52, "sdb", "GET", true},
                      {1001.72, "sda", "REPLICATE", true},  {1001.82, "sdb", "REPLICATE", true},
                      {1002.02, "sda", "GET", true},        {1002.07, "sdb", "GET", true},
                      {1002.17, "sda", "GET", true},        {1003.17, "sdb", "HEAD", true},
                      {1003.27, "sda", "REPLICATE", true},  {1003.47, "sda", "SSYNC", true},
                      {1003.48, "sda", "REPLICATE", true},  {1003.49, "sda", "REPLICATE", false},
                      {1003.54, "sda", "SSYNC", true},      {1003.59, "sda", "GET", true},
                      {1003.64, "sda", "REPLICATE", false}, {1003.64, "sdb", "GET", true},
                      {1003.65, "sda", "REPLICATE", false}, {1003.7, "sda", "REPLICATE", false},
                      {1004.9, "sda", "HEAD", true},        {1004.95, "sda", "SSYNC", true},
                      {1005.15, "sda", "SSYNC", true},      {1005.25, "sdb", "REPLICATE", true},
                      {1005.26, "sdb", "GET", true},        {1005.26, "sdb", "SSYNC", true},
                      {1005.36, "sdb", "GET", true},        {1005.56, "sdb", "REPLICATE", true},
                      {1005.76, "sdb", "GET", true},        {1006.76, "sda", "HEAD", true},
                      {1006.76, "sda", "SSYNC", true},      {1006.76, "sdb", "SSYNC", true},
                      {1006.77, "sda", "REPLICATE", true},  {1006.77, "sdb", "SSYNC", true},
                      {1006.77, "sda", "REPLICATE", true},  {1006.82, "sda", "GET", false},
                      {1006.83, "sdb", "REPLICATE", true},  {1006.93, "sda", "REPLICATE", false},
                      {1006.98, "sdb", "GET", true},        {1006.98, "sda", "HEAD", false},
                      {1007.03, "sda", "REPLICATE", false}, {1008.13, "sda", "REPLICATE", true},
                      {1008.14, "sda", "SSYNC", true},      {1008.19, "sda", "REPLICATE", true},
                      {1008.39, "sda", "REPLICATE", false}, {1008.39, "sda", "SSYNC", true},
                      {1008.49, "sda", "GET", true},        {1009.5, "sda", "GET", true},
                      {1009.7, "sda", "GET", true},         {1009.9, "sdb", "HEAD", true},
                      {1009.9, "sda", "REPLICATE", true},   {1010.0, "sda", "REPLICATE", true},
                      {1010.1, "sda", "HEAD", true},        {1010.11, "sda", "HEAD", false},
                      {1010.11, "sda", "HEAD", false},      {1010.16, "sda", "GET", false}};
  for (const Row& row : rows) {
    EXPECT_EQ(limit_.allows(row.device, row.method, Time(row.time)), row.is_allowed)
        << row.time << " " << row.device << " " << row.method;
  }
}

TEST_F(BackendRatelimitTest, WithoutTheMiddlewareNothingIsLimited) {
  EXPECT_EQ(burst(1000), 10);
  BackendRatelimitSettings without = settings(replicate(1));
  without.is_served = false;
  limit_.configure(without);
  EXPECT_EQ(burst(1000), 10);
  EXPECT_FALSE(limit_.is_on());
}

TEST_F(BackendRatelimitTest, EachDeviceHasItsOwn) {
  limit_.configure(settings(replicate(1)));
  EXPECT_EQ(burst(1000), 1);
  EXPECT_EQ(burst(1000, "sdb"), 1);
  EXPECT_EQ(burst(1000, std::string(1000, 'x').c_str()), 1) << "longer than any name of a device";
  EXPECT_EQ(burst(1001), 1);
}

TEST_F(BackendRatelimitTest, AllProcessesCountTogether) {
  limit_.configure(settings(replicate(1)));
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(burst(1000));
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_EQ(WEXITSTATUS(status), 1);
  EXPECT_EQ(burst(1000), 0);
}

TEST_F(BackendRatelimitTest, NamesThatAreMadeUpDoNotPushABusyDeviceOut) {
  limit_.configure(settings(replicate(1)));
  ASSERT_EQ(burst(1000.5), 1);
  for (std::size_t number = 0; number < 3 * BackendRatelimit::kMostDevices; ++number) {
    EXPECT_EQ(burst(1000, ("made-up-" + std::to_string(number)).c_str()), 1);
  }
  EXPECT_EQ(burst(1001), 0);
}

TEST_F(BackendRatelimitTest, TheFileIsOverTheFilter) {
  write("[backend_ratelimit]\nreplicate_requests_per_device_per_second = 4\n");
  limit_.configure(settings(replicate(1, 1)), Time(1000));
  EXPECT_EQ(burst(1000), 5);
}

TEST_F(BackendRatelimitTest, TheFileIsReadAgainWhenItIsDue) {
  limit_.configure(settings(replicate(1)), Time(1000));
  EXPECT_EQ(burst(1000), 1);
  write(
      "[backend_ratelimit]\nreplicate_requests_per_device_per_second = 4\n"
      "requests_per_device_rate_buffer = 1\n");
  EXPECT_EQ(burst(1058), 1);
  EXPECT_EQ(burst(1060), 5) << "60 seconds after the start";
  write("[backend_ratelimit]\nreplicate_requests_per_device_per_second = -1\n");
  EXPECT_EQ(burst(1120), 5) << "what is invalid changes nothing";
  std::filesystem::remove(directory_.path() + "/r.conf");
  EXPECT_EQ(burst(1180), 5) << "nor does what is gone";
  write("[backend_ratelimit]\n");
  EXPECT_EQ(burst(1240), 1) << "what the file no longer has is the filter's";
  write("[backend_ratelimit]\nreplicate_requests_per_device_per_second = 0\n");
  EXPECT_EQ(burst(1300), 10);
  EXPECT_FALSE(limit_.is_on());
  write(
      "[backend_ratelimit]\nrequests_per_device_per_second = 2\nreplicate_requests_per_device_per_second = "
      "0\n");
  EXPECT_EQ(burst(1360), 1);
}

TEST_F(BackendRatelimitTest, AnIntervalOfZeroReadsItOnce) {
  BackendRatelimitSettings once = settings(replicate(1));
  once.reload_interval = 0;
  limit_.configure(once, Time(1000));
  write("[backend_ratelimit]\nreplicate_requests_per_device_per_second = 0\n");
  EXPECT_EQ(burst(1e6), 1);
}

}  // namespace
}  // namespace ssync
