#include "worker/metrics/request_metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/store/disk_file.h"
#include "common/store/quarantine.h"
#include "tests/unit/common/statsd/datagram_receiver.h"
#include "tests/unit/temporary_device.h"
#include "worker/metrics/request_timer.h"

namespace ssync {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr std::chrono::milliseconds kTook{3};

class RequestMetricsTest : public ::testing::Test {
 protected:
  StatsdSettings settings(double factor = 1) {
    return {
        .host = "127.0.0.1", .port = receiver_.port(), .sample_rate_factor = factor, .metric_prefix = "n1"};
  }
  static StatsdClient::Random always(double drawn) {
    return [drawn] { return drawn; };
  }

  DatagramReceiver receiver_;
};

TEST_F(RequestMetricsTest, TimesByMethodAndStatus) {
  RequestMetrics metrics(settings(), "object-server");
  ASSERT_TRUE(metrics.is_on());
  for (const int status : {201, 404, 499, 500, 507}) metrics.answered("PUT", status, kTook);
  EXPECT_THAT(receiver_.take_all(),
              ElementsAre("n1.object-server.PUT.timing:3.0|ms", "n1.object-server.PUT.timing:3.0|ms",
                          "n1.object-server.PUT.timing:3.0|ms", "n1.object-server.PUT.errors.timing:3.0|ms",
                          "n1.object-server.PUT.errors.timing:3.0|ms"));
}

TEST_F(RequestMetricsTest, SamplesMethodsAsSwiftDoes) {
  RequestMetrics metrics(settings(), "s", always(0.05));
  for (const char* method : {"GET", "HEAD", "REPLICATE", "SSYNC", "REPLICATION", "POST", "DELETE"}) {
    metrics.answered(method, 200, kTook);
  }
  EXPECT_THAT(receiver_.take_all(),
              ElementsAre("n1.s.GET.timing:3.0|ms", "n1.s.HEAD.timing:3.0|ms|@0.8",
                          "n1.s.REPLICATE.timing:3.0|ms|@0.1", "n1.s.SSYNC.timing:3.0|ms|@0.1",
                          "n1.s.REPLICATION.timing:3.0|ms|@0.1", "n1.s.POST.timing:3.0|ms",
                          "n1.s.DELETE.timing:3.0|ms"));
  RequestMetrics unlucky(settings(), "s", always(0.9));
  for (const char* method : {"HEAD", "SSYNC"}) unlucky.answered(method, 200, kTook);
  EXPECT_THAT(receiver_.take_all(), IsEmpty());
  RequestMetrics all(settings(10), "s", always(0.999));
  for (const char* method : {"HEAD", "SSYNC"}) all.answered(method, 200, kTook);
  EXPECT_THAT(receiver_.take_all(), ElementsAre("n1.s.HEAD.timing:3.0|ms", "n1.s.SSYNC.timing:3.0|ms"));
}

TEST_F(RequestMetricsTest, LabelsHaveAMetricOfTheirOwn) {
  StatsdSettings labeled = settings();
  labeled.label_mode = LabelMode::graphite;
  labeled.user_labels = {{"user_dc", "x"}, {"user_a", "y"}};
  RequestMetrics metrics(labeled, "s", always(0.5));
  ASSERT_TRUE(metrics.has_labels());
  RequestTimer timer(metrics, "SSYNC");
  timer.raised(503);
  timer.labels() = {.policy = 2};
  timer.returned(200);
  metrics.answered_with_labels("REPLICATE", 200, {.policy = 0, .skip_rehash = true}, kTook);
  metrics.answered_with_labels("PUT", 201, {.account = "a", .container = "c d"}, kTook);
  metrics.answered_with_labels("REPLICATION", 200, {}, kTook);
  const std::vector<std::string> sent = receiver_.take_all();
  ASSERT_THAT(sent, SizeIs(4)) << "the session's own without labels is not drawn";
  const std::string metric = "swift_object_server_request_timing";
  EXPECT_THAT(sent[0], StartsWith(metric + ";method=SSYNC;status=503;user_a=y;user_dc=x:"));
  EXPECT_THAT(sent[1], StartsWith(metric + ";method=SSYNC;policy=2;status=200;user_a=y;user_dc=x:"));
  EXPECT_EQ(sent[2],
            metric + ";method=REPLICATE;policy=0;skip_rehash=True;status=200;user_a=y;user_dc=x:3.0|ms");
  EXPECT_EQ(sent[3], metric + ";account=a;container=c d;method=PUT;status=201;user_a=y;user_dc=x:3.0|ms");
}

TEST_F(RequestMetricsTest, LabelsFollowTheDefaultRate) {
  StatsdSettings labeled = settings(0.5);
  labeled.label_mode = LabelMode::dogstatsd;
  labeled.emit_legacy = false;
  RequestMetrics metrics(labeled, "s", always(0.4));
  RequestTimer(metrics, "GET").returned(200);
  metrics.rate_limited();
  const std::vector<std::string> sent = receiver_.take_all();
  ASSERT_THAT(sent, SizeIs(1)) << "none without labels";
  EXPECT_THAT(sent[0], ::testing::EndsWith("|ms|@0.5|#method:GET,status:200"));
  RequestMetrics unlucky(labeled, "s", always(0.6));
  RequestTimer(unlucky, "GET").returned(200);
  EXPECT_THAT(receiver_.take_all(), IsEmpty());
}

TEST_F(RequestMetricsTest, TellsOfUploads) {
  RequestMetrics metrics(settings(), "s");
  metrics.wrote("sda1", kTook, 500);
  metrics.wrote("sda1", kTook, 0);
  metrics.upload_timed_out();
  EXPECT_THAT(receiver_.take_all(), ElementsAre("n1.s.PUT.sda1.timing:6.0|ms", "n1.s.PUT.timeouts:1|c"));
}

TEST_F(RequestMetricsTest, CountsEachQuarantineOnce) {
  count_quarantined_object();
  RequestMetrics metrics(settings(), "s");
  metrics.report_quarantines();
  EXPECT_THAT(receiver_.take_all(), IsEmpty()) << "before there was anybody to report it";

  const TemporaryDevice device;
  const ObjectName name{"a", "c", "o"};
  const std::string path = device.add_data(name, "1700000000.00000", "data");
  std::filesystem::resize_file(path, 1);
  DiskFile left(device.partition(), name, {}, DamagedObjects::leave);
  ASSERT_EQ(left.open(ExpiredObjects::refuse, 0), OpenOutcome::damaged);
  metrics.report_quarantines();
  EXPECT_THAT(receiver_.take_all(), IsEmpty());
  DiskFile file(device.partition(), name);
  ASSERT_EQ(file.open(ExpiredObjects::refuse, 0), OpenOutcome::quarantined);
  metrics.report_quarantines();
  EXPECT_THAT(receiver_.take_all(), ElementsAre("n1.s.quarantines:1|c"));
  metrics.report_quarantines();
  EXPECT_THAT(receiver_.take_all(), IsEmpty());
}

TEST_F(RequestMetricsTest, SendsNothingWithoutAHost) {
  RequestMetrics metrics({}, "s");
  EXPECT_FALSE(metrics.is_on());
  const RequestTimer timer(metrics, "GET");
  timer.returned(200);
  metrics.wrote("sda1", kTook, 1);
  metrics.upload_timed_out();
  count_quarantined_object();
  metrics.report_quarantines();
}

TEST_F(RequestMetricsTest, ATimerTellsHowLongItTook) {
  RequestMetrics metrics(settings(), "s");
  const auto before = RequestTimer::Clock::now();
  const RequestTimer timer(metrics, "GET");
  timer.returned(200, before + std::chrono::hours(1));
  timer.returned(200);
  const std::vector<std::string> sent = receiver_.take_all();
  ASSERT_THAT(sent, SizeIs(2));
  EXPECT_THAT(sent[0], MatchesRegex("n1\\.s\\.GET\\.timing:3[56][0-9]{5}(\\.[0-9]+)?\\|ms"));
  EXPECT_THAT(sent[1], MatchesRegex("n1\\.s\\.GET\\.timing:[0-9.e-]+\\|ms"));
}

}  // namespace
}  // namespace ssync
