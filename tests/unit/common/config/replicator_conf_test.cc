#include "common/config/replicator_conf.h"

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
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class ReplicatorConfTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return directory_.path() + "/object-server.conf"; }
  ReplicatorSettings load_text(const std::string& text) {
    directory_.write("object-server.conf", text);
    notes_.clear();
    return load_replicator_settings(path(), notes_);
  }
  ReplicatorSettings load(const std::string& options, const std::string& defaults = "") {
    return load_text("[DEFAULT]\n" + defaults + "\n[object-replicator]\nsync_method = ssync\n" + options);
  }
  std::string error_of(const std::string& options) {
    return thrown_message<ConfigError>([&] { load(options); });
  }
  std::string error_of_text(const std::string& text) {
    return thrown_message<ConfigError>([&] { load_text(text); });
  }

  TemporaryDirectory directory_;
  std::vector<std::string> notes_;
};

TEST_F(ReplicatorConfTest, HasSwiftsDefaults) {
  const ReplicatorSettings settings = load("");
  EXPECT_EQ(settings.disk.devices, "/srv/node");
  EXPECT_TRUE(settings.disk.mount_check);
  EXPECT_EQ(settings.disk.reclaim_age, 604800);
  EXPECT_EQ(settings.log.name, "object-replicator");
  EXPECT_EQ(settings.log.level, "INFO");
  EXPECT_EQ(settings.log.target, "stderr");
  EXPECT_EQ(settings.swift_dir, "/etc/swift");
  EXPECT_EQ(settings.user, "swift");
  EXPECT_EQ(settings.ring_ip, "0.0.0.0");
  EXPECT_EQ(settings.ring_port(), 6200);
  EXPECT_EQ(settings.concurrency, 1);
  EXPECT_EQ(settings.replicator_workers, 0);
  EXPECT_TRUE(settings.daemonize);
  EXPECT_EQ(settings.interval, 30);
  EXPECT_EQ(settings.stats_interval, 300);
  EXPECT_EQ(settings.ring_check_interval, 15);
  EXPECT_EQ(settings.http_timeout, 60);
  EXPECT_EQ(settings.node_timeout, 10);
  EXPECT_EQ(settings.conn_timeout, 0.5);
  EXPECT_EQ(settings.network_chunk_size, 65536);
  EXPECT_FALSE(settings.handoffs_first);
  EXPECT_EQ(settings.handoff_delete, 0);
  EXPECT_EQ(settings.recon_cache_path, "/var/cache/swift");
  EXPECT_FALSE(settings.priority.nice);
  EXPECT_EQ(settings.priority.io_class, IoClass::unchanged);
  EXPECT_THAT(settings.warnings, IsEmpty());
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(ReplicatorConfTest, ReadsItsOptions) {
  const ReplicatorSettings settings = load(
      "devices = /d\nmount_check = off\nreclaim_age = 7\ndisk_chunk_size = 2048\nfallocate_reserve = 2%\n"
      "swift_dir = /s\nuser = nobody\nring_ip = 10.0.0.1\nbind_port = 6010\nconcurrency = 8\n"
      "replicator_workers = 3\ndaemonize = no\ninterval = 1.5\nstats_interval = 2\nring_check_interval = "
      "0.5\n"
      "http_timeout = 61\nnode_timeout = 1e1\nconn_timeout = 1_0\nnetwork_chunk_size = "
      "4096\n"
      "handoffs_first = yes\nhandoff_delete = 2\nrecon_cache_path = /r\nnice_priority = -5\n"
      "ionice_class = IOPRIO_CLASS_BE\nionice_priority = 7\nlog_name = x\nlog_level = debug\n"
      "log_facility = LOG_LOCAL3\nlog_target = syslog\nssync_log_format = json\n");
  EXPECT_EQ(settings.disk.devices, "/d");
  EXPECT_FALSE(settings.disk.mount_check);
  EXPECT_EQ(settings.disk.reclaim_age, 7);
  EXPECT_EQ(settings.disk.disk_chunk_size, 2048);
  EXPECT_EQ(settings.disk.fallocate_reserve.amount, 2);
  EXPECT_EQ(settings.swift_dir, "/s");
  EXPECT_EQ(settings.user, "nobody");
  EXPECT_EQ(settings.ring_ip, "10.0.0.1");
  EXPECT_EQ(settings.ring_port(), 6010);
  EXPECT_EQ(settings.concurrency, 8);
  EXPECT_EQ(settings.replicator_workers, 3);
  EXPECT_FALSE(settings.daemonize);
  EXPECT_EQ(settings.interval, 1.5);
  EXPECT_EQ(settings.stats_interval, 2);
  EXPECT_EQ(settings.ring_check_interval, 0.5);
  EXPECT_EQ(settings.http_timeout, 61);
  EXPECT_EQ(settings.node_timeout, 10);
  EXPECT_EQ(settings.conn_timeout, 10);
  EXPECT_EQ(settings.network_chunk_size, 4096);
  EXPECT_TRUE(settings.handoffs_first);
  EXPECT_EQ(settings.handoff_delete, 2);
  EXPECT_EQ(settings.recon_cache_path, "/r");
  EXPECT_EQ(settings.priority.nice, -5);
  EXPECT_EQ(settings.priority.io_class, IoClass::best_effort);
  EXPECT_EQ(settings.priority.io_priority, 7);
  EXPECT_EQ(settings.log.name, "x");
  EXPECT_EQ(settings.log.level, "debug");
  EXPECT_EQ(settings.log.facility, "LOG_LOCAL3");
  EXPECT_EQ(settings.log.target, "syslog");
  EXPECT_EQ(settings.log.format, "json");
  EXPECT_THAT(notes_, IsEmpty());
}

// An option of Swift's, which is another thing than worker.conf's.
TEST_F(ReplicatorConfTest, SwiftsLogFormatHasNoEffect) {
  EXPECT_EQ(load("log_format = json\n").log.format, "text");
  EXPECT_THAT(notes_, ::testing::ElementsAre(HasSubstr("log_format = json")));
}

TEST_F(ReplicatorConfTest, ReadsSectionsAsConfigParserDoes) {
  // The section's own options take precedence, names are in lower case, and values are interpolated.
  const ReplicatorSettings settings =
      load("Concurrency = 3\nrecon_cache_path = /cache/%(node)s\nfallocate_reserve = 1%\n",
           "concurrency = 2\nnode = n1\nbind_ip = 10.0.0.%(number)s\nnumber = "
           "7\n[app:object-server]\nreclaim_age = 1\n");
  EXPECT_EQ(settings.concurrency, 3);
  EXPECT_EQ(settings.recon_cache_path, "/cache/n1");
  EXPECT_EQ(settings.ring_ip, "10.0.0.7");
  EXPECT_EQ(settings.disk.reclaim_age, 604800);
}

TEST_F(ReplicatorConfTest, ReadsADirectory) {
  directory_.write("10.conf", "[DEFAULT]\nconcurrency = 2\n[object-replicator]\nsync_method = rsync\n");
  directory_.write("20.conf", "[object-replicator]\nsync_method = ssync\ninterval = 5\n");
  directory_.write("30.conf.old", "[object-replicator]\ninterval = 6\n");
  std::filesystem::create_directory(directory_.path() + "/40.conf");
  const ReplicatorSettings settings = load_replicator_settings(directory_.path(), notes_);
  EXPECT_EQ(settings.concurrency, 2);
  EXPECT_EQ(settings.interval, 5);
  EXPECT_THAT(notes_, ElementsAre(AllOf(StartsWith(directory_.path() + "/40.conf"), HasSubstr("skipped"))));
}

TEST_F(ReplicatorConfTest, RefusesOtherMethodsThanSsync) {
  const std::string remedy = "set sync_method = ssync in [object-replicator]";
  EXPECT_THAT(error_of_text("[object-replicator]\n"),
              AllOf(StartsWith(path() + ": [object-replicator] sync_method is not set"), EndsWith(remedy)));
  EXPECT_THAT(error_of_text("[object-replicator]\nsync_method = rsync\n"),
              AllOf(StartsWith(path() + ": [object-replicator] sync_method = rsync: "), EndsWith(remedy)));
  EXPECT_THAT(error_of_text("[DEFAULT]\nsync_method =\n[object-replicator]\n"),
              AllOf(StartsWith(path() + ": [DEFAULT] sync_method = : "), EndsWith(remedy)));
  // The name of a method in Swift, of none of its replicators.
  EXPECT_THAT(error_of_text("[object-replicator]\nsync_method = SSYNC\n"),
              AllOf(HasSubstr("sync_method = SSYNC: unknown method"), EndsWith(remedy)));
}

TEST_F(ReplicatorConfTest, RefusesWhatIsNoConfigurationOfAReplicator) {
  EXPECT_THAT(error_of_text("[app:object-server]\n"),
              AllOf(StartsWith(path()), HasSubstr("missing section [object-replicator]")));
  EXPECT_THAT(error_of_text("[object-replicator]\nsync_method = ssync\nsync_method = ssync\n"),
              HasSubstr("duplicate option"));
  EXPECT_THAT(error_of("rsync_module = %(nowhere)s\n"), HasSubstr("'%(nowhere)s' is not an option"));
  EXPECT_THAT(thrown_message<ConfigError>([&] { load_replicator_settings("/nowhere/x.conf", notes_); }),
              AllOf(StartsWith("/nowhere/x.conf: cannot be read"), HasSubstr("object-server.conf.d")));
}

TEST_F(ReplicatorConfTest, RefusesWhatSwiftDiesOfOrCannotWorkWith) {
  const struct {
    const char* option;
    const char* error;
  } cases[] = {
      {"concurrency = x", "not a whole number; give a number of jobs"},
      {"concurrency = 1.5", "not a whole number"},
      {"concurrency =", "not a whole number"},
      {"concurrency = 0", "out of range 1 to 16384"},
      {"concurrency = -1", "out of range"},
      {"replicator_workers = many", "give a number of processes"},
      {"servers_per_port = x", "not a whole number"},
      {"bind_port =", "not a whole number; give a port"},
      {"interval = soon", "not a number; give a number of seconds"},
      {"run_pause = soon", "not a number"},
      {"interval = nan", "out of range"},
      {"stats_interval =", "not a number"},
      {"stats_interval = nan", "out of range"},
      {"ring_check_interval = x", "not a number"},
      {"http_timeout = 1.5", "not a whole number"},
      {"http_timeout = 0", "out of range 1 to"},
      {"node_timeout = 0", "out of range"},
      {"conn_timeout = -1", "out of range"},
      {"conn_timeout = nan", "out of range"},
      {"handoff_delete =", "not a whole number; give auto"},
      {"handoff_delete = all", "not a whole number"},
      {"handoff_delete = -1", "Swift removes what it has not sent"},
      {"reclaim_age = x", "not a whole number"},
      {"commit_window = -1", "out of range"},
      {"fallocate_reserve = x", "not a whole number"},
      {"network_chunk_size = 0", "out of range"},
      {"log_target = nowhere", "unknown target"},
      {"ssync_log_format = JSON", "unknown format; give text or json"},
  };
  for (const auto& each : cases) {
    const std::string error = error_of(each.option);
    EXPECT_THAT(error, StartsWith(path() + ": [object-replicator] " + each.option)) << each.option;
    EXPECT_THAT(error, HasSubstr(each.error)) << each.option;
  }
}

TEST_F(ReplicatorConfTest, TakesTheNearestValueThatIsPossible) {
  const ReplicatorSettings settings = load(
      "concurrency = 99999999999999999999\nreplicator_workers = -3\ninterval = -1\nstats_interval = 0\n"
      "ring_check_interval = inf\nservers_per_port = -1\nhttp_timeout = 99999999999\nmount_check = maybe\n"
      "daemonize = maybe\nrecon_cache_path = cache\nnice_priority = x\n"
      "ionice_class = best\nlog_level = loud\n");
  EXPECT_EQ(settings.concurrency, 16384);
  EXPECT_EQ(settings.replicator_workers, 0);
  EXPECT_EQ(settings.interval, 0);
  EXPECT_EQ(settings.stats_interval, 0.1);
  EXPECT_EQ(settings.ring_check_interval, 1e9);
  EXPECT_EQ(settings.ring_port(), std::nullopt);
  EXPECT_EQ(settings.http_timeout, 1'000'000'000);
  EXPECT_FALSE(settings.disk.mount_check);
  EXPECT_FALSE(settings.daemonize);
  EXPECT_EQ(settings.recon_cache_path, "/cache");
  EXPECT_FALSE(settings.priority.nice);
  EXPECT_EQ(settings.priority.io_class, IoClass::unchanged);
  EXPECT_EQ(settings.log.level, "INFO");
  EXPECT_EQ(notes_.size(), 12U);
  EXPECT_THAT(notes_, Contains("[object-replicator] stats_interval = 0 (" + path() + "): taken as 0.1"));
  EXPECT_THAT(notes_, Contains(AllOf(HasSubstr("ionice_class = best"), HasSubstr("IOPRIO_CLASS_BE"))));
}

TEST_F(ReplicatorConfTest, ReadsAPortOnlyWithoutServersPerPort) {
  EXPECT_EQ(load("servers_per_port = 2\nbind_port = x\n").ring_port(), std::nullopt);
  EXPECT_THAT(notes_, ElementsAre(HasSubstr("bind_port = x")));
  EXPECT_EQ(load("servers_per_port =\nbind_port = 7\n").ring_port(), 7);
  EXPECT_EQ(load("servers_per_port = 0\nbind_port = 7\n").ring_port(), 7);
}

TEST_F(ReplicatorConfTest, FindsDevicesByRingIpElseByBindIp) {
  EXPECT_EQ(load("bind_ip = 10.0.0.1\n").ring_ip, "10.0.0.1");
  EXPECT_EQ(load("bind_ip = 10.0.0.1\nring_ip = 10.0.0.2\n").ring_ip, "10.0.0.2");
  EXPECT_EQ(load("ring_ip =\n", "bind_ip = 10.0.0.1").ring_ip, "");
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(ReplicatorConfTest, WarnsOfRunPauseInSwiftsWords) {
  ReplicatorSettings settings = load("run_pause = 7\n");
  EXPECT_EQ(settings.interval, 7);
  EXPECT_THAT(settings.warnings, ElementsAre(HasSubstr("will be removed in a future version. Update your")));
  settings = load("run_pause = 7\ninterval = 5\n");
  EXPECT_EQ(settings.interval, 5);
  EXPECT_THAT(settings.warnings, ElementsAre(HasSubstr("run_pause; it is now ignored")));
  // Neither is asked for its value if the other counts.
  EXPECT_EQ(load("run_pause = x\ninterval = 5\n").interval, 5);
  EXPECT_EQ(load("run_pause = 7\ninterval =\n").interval, 7);
  EXPECT_EQ(load("run_pause =\n").interval, 30);
}

TEST_F(ReplicatorConfTest, WarnsOfHandoffsFirst) {
  EXPECT_THAT(load("handoffs_first = 1\n").warnings, ElementsAre(StartsWith("Handoff only mode is not")));
  EXPECT_THAT(load("handoff_delete = 1\n").warnings, ElementsAre(HasSubstr("next normal rebalance")));
  EXPECT_THAT(load("handoffs_first = no\nhandoff_delete = 0\n").warnings, IsEmpty());
  EXPECT_EQ(load("handoff_delete = Auto\n").handoff_delete, 0);
}

TEST_F(ReplicatorConfTest, NotesWhatHasNoEffect) {
  // The last one is in Swift's sample, but no release of the last years reads it.
  load("rsync_module = x\nmy_own = 1\nlockup_timeout = 1800\n",
       "bind_timeout = abc\nlog_statsd_port = abc\nstatsd_label_mode = x\n");
  EXPECT_THAT(notes_, ElementsAre(StartsWith("[DEFAULT] bind_timeout = abc"),
                                  "[object-replicator] lockup_timeout = 1800 (" + path() + "): has no effect",
                                  StartsWith("[DEFAULT] log_statsd_port"),
                                  "[object-replicator] my_own = 1 (" + path() + "): has no effect",
                                  StartsWith("[object-replicator] rsync_module = x"),
                                  StartsWith("[DEFAULT] statsd_label_mode = x")));
}

TEST_F(ReplicatorConfTest, ReadsLimitsOfBandwidth) {
  const ReplicatorSettings none = load("");
  EXPECT_EQ(none.bandwidth_per_peer, 0);
  EXPECT_EQ(none.bandwidth_per_device, 0);
  const std::pair<const char*, std::int64_t> values[] = {
      {"0", 0},          {"65536", 65536},    {"64K", 65536},         {"20M", 20971520},
      {"20m", 20971520}, {"1 G", 1073741824}, {"1_000_000", 1000000}, {"1048576G", std::int64_t{1} << 50U}};
  for (const auto& [text, bytes] : values) {
    const ReplicatorSettings settings = load(std::string("ssync_bandwidth_per_peer = ") + text + "\n",
                                             std::string("ssync_bandwidth_per_device = ") + text + "\n");
    EXPECT_EQ(settings.bandwidth_per_peer, bytes) << text;
    EXPECT_EQ(settings.bandwidth_per_device, bytes) << text;
    EXPECT_THAT(notes_, IsEmpty());
  }
}

TEST_F(ReplicatorConfTest, RefusesWhatIsNoLimitOfBandwidth) {
  for (const std::string text : {"", "K", "fast", "-1", "20MB", "1.5M", "2097152G", "99999999999999999999"}) {
    EXPECT_THAT(error_of("ssync_bandwidth_per_peer = " + text + "\n"),
                AllOf(HasSubstr("[object-replicator] ssync_bandwidth_per_peer = " + text),
                      HasSubstr("no number of bytes per second; give 0 for no limit")))
        << text;
  }
  EXPECT_THAT(
      error_of("ssync_bandwidth_per_device = 20\n"),
      AllOf(HasSubstr("ssync_bandwidth_per_device = 20"), HasSubstr("too little"), HasSubstr("from 64K on")));
}

TEST_F(ReplicatorConfTest, ReadsWhereMetricsGo) {
  EXPECT_EQ(load("").statsd.host, "");
  const StatsdSettings defaults = load("", "log_statsd_host = h\n").statsd;
  EXPECT_EQ(defaults.host, "h");
  EXPECT_EQ(defaults.port, 8125);
  EXPECT_EQ(defaults.default_sample_rate, 1);
  EXPECT_EQ(defaults.sample_rate_factor, 1);
  EXPECT_EQ(defaults.metric_prefix, "");
  EXPECT_THAT(notes_, IsEmpty());
  const StatsdSettings settings =
      load(
          "log_statsd_host = ::1\nlog_statsd_port = 1_000\nlog_statsd_default_sample_rate = 1e-1\n"
          "log_statsd_sample_rate_factor = .5\nlog_statsd_metric_prefix = a.b\nstatsd_emit_legacy = yes\n",
          "log_statsd_host = h\n")
          .statsd;
  EXPECT_EQ(settings.host, "::1");
  EXPECT_EQ(settings.port, 1000);
  EXPECT_EQ(settings.default_sample_rate, 0.1);
  EXPECT_EQ(settings.sample_rate_factor, 0.5);
  EXPECT_EQ(settings.metric_prefix, "a.b");
  EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(ReplicatorConfTest, SaysWhenNoMetricsAreSent) {
  for (const std::string option : {"log_statsd_port = 0", "log_statsd_port = 99999", "log_statsd_port = -1",
                                   "log_statsd_port = 99999999999999999999", "statsd_emit_legacy = no"}) {
    EXPECT_EQ(load("log_statsd_host = h\n" + option + "\n").statsd.host, "") << option;
    EXPECT_THAT(notes_, ElementsAre(AllOf(StartsWith("[object-replicator] " + option),
                                          HasSubstr(": no statsd metrics are sent"))));
  }
}

TEST_F(ReplicatorConfTest, TakesARateThatIsNoNumberAsSwiftDoes) {
  EXPECT_TRUE(std::isnan(
      load("log_statsd_host = h\nlog_statsd_default_sample_rate = nan\n").statsd.default_sample_rate));
  EXPECT_THAT(notes_, ElementsAre(EndsWith(": every metric is sent")));
}

TEST_F(ReplicatorConfTest, RefusesNumbersOfMetricsThatSwiftDiesOf) {
  for (const std::string option :
       {"log_statsd_port = x", "log_statsd_port =", "log_statsd_port = 8125.0",
        "log_statsd_default_sample_rate = all", "log_statsd_sample_rate_factor = 10%%"}) {
    EXPECT_THAT(error_of("log_statsd_host = h\n" + option + "\n"),
                AllOf(HasSubstr("[object-replicator] " + option.substr(0, option.find(" ="))),
                      HasSubstr("; give a ")))
        << option;
    EXPECT_EQ(load(option + "\n").statsd.host, "") << "without a host Swift does not read it";
  }
}

}  // namespace
}  // namespace ssync
