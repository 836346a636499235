#include "common/config/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <sstream>

#include "common/config/effective_text.h"
#include "common/config/errors.h"
#include "common/config/log_setup.h"
#include "tests/unit/thrown_message.h"

namespace ssync {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SettingsTest : public ::testing::Test {
 protected:
  SettingsTest() : dir_(::testing::TempDir() + "settings_test." + std::to_string(getpid())) {
    std::filesystem::create_directory(dir_);
  }
  ~SettingsTest() override { std::filesystem::remove_all(dir_); }

  void write(const std::string& name, const std::string& text) {
    std::ofstream(dir_ + "/" + name, std::ios::binary) << text;
  }

  // The devices directory is dir_ unless the text says otherwise.
  Settings load(const std::string& text) {
    write("worker.conf", "[object-server]\ndevices = " + dir_ + "\n" + text);
    return load_settings(dir_ + "/worker.conf");
  }

  Settings load_over(const std::string& object_server_conf, const std::string& text = "") {
    write("object-server.conf", "[DEFAULT]\ndevices = " + dir_ + "\n" + object_server_conf);
    write("worker.conf", "[worker]\nobject_server_conf = " + dir_ + "/object-server.conf\n" + text);
    return load_settings(dir_ + "/worker.conf");
  }

  // The lines of a configuration that are options.
  static std::vector<std::string> options_in(const std::string& text) {
    std::istringstream lines(text);
    std::vector<std::string> options;
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with('#')) options.push_back(line);
    }
    std::ranges::sort(options);
    return options;
  }

  std::string dir_;
};

TEST_F(SettingsTest, HasSwiftsDefaults) {
  const Settings settings = load("");
  EXPECT_TRUE(settings.disk.mount_check);
  EXPECT_TRUE(settings.disk.fallocate_reserve.is_percent);
  EXPECT_EQ(settings.disk.fallocate_reserve.amount, 1.0);
  EXPECT_EQ(settings.receiver.client_timeout, 60.0);
  EXPECT_EQ(settings.disk.bytes_per_sync, 512LL << 20);
  EXPECT_EQ(settings.pool.replication_concurrency, 4);
  EXPECT_EQ(settings.receiver.replication_concurrency_per_device, 1);
  EXPECT_EQ(settings.log.level, "INFO");
  EXPECT_THAT(settings.receiver.allowed_headers,
              ::testing::ElementsAre("content-disposition", "content-encoding", "x-delete-at",
                                     "x-object-manifest", "x-static-large-object", "cache-control",
                                     "content-language", "expires", "x-robots-tag"));
  EXPECT_EQ(settings.pool.workers, 12);
  EXPECT_EQ(settings.swift_dir, "/etc/swift");
  EXPECT_THAT(settings.without_effect, IsEmpty());
}

TEST_F(SettingsTest, ReadsTheServersOptions) {
  const Settings settings = load(
      "mount_check = No\ndisable_fallocate = 1\nfallocate_reserve = 10485760\nclient_timeout = 0.5\n"
      "network_chunk_size = 1024\ndisk_chunk_size = 67108864\nmb_per_sync = 2\nreclaim_age = 10\n"
      "commit_window = 0\nmax_upload_time = 7\nreplication_server = false\nreplication_concurrency = 0\n"
      "replication_concurrency_per_device = 3\nreplication_lock_timeout = 1\n"
      "replication_failure_threshold = 0\nreplication_failure_ratio = 0.25\n"
      "keep_cache_size = 7\nkeep_cache_private = yes\n"
      "allowed_headers = X-Foo, etag,\n  Content-Length, x-foo,X-Bar\nlog_requests = off\nlog_name = "
      "obj\n"
      "log_facility = LOG_LOCAL5\nlog_level = debug\nlog_address = /dev/log\nuser = nobody\n");
  EXPECT_FALSE(settings.disk.mount_check);
  EXPECT_TRUE(settings.disk.disable_fallocate);
  EXPECT_FALSE(settings.disk.fallocate_reserve.is_percent);
  EXPECT_EQ(settings.disk.fallocate_reserve.amount, 10485760);
  EXPECT_EQ(settings.receiver.client_timeout, 0.5);
  EXPECT_EQ(settings.receiver.network_chunk_size, 1024);
  EXPECT_EQ(settings.disk.disk_chunk_size, 67108864);
  EXPECT_EQ(settings.disk.keep_cache_size, 7);
  EXPECT_TRUE(settings.receiver.keep_cache_private);
  EXPECT_EQ(settings.disk.bytes_per_sync, 2 << 20);
  EXPECT_EQ(settings.disk.reclaim_age, 10);
  EXPECT_EQ(settings.disk.commit_window, 0);
  EXPECT_EQ(settings.receiver.max_upload_time, 7);
  EXPECT_FALSE(settings.receiver.replication_server);
  EXPECT_EQ(settings.pool.replication_concurrency, 0);
  EXPECT_EQ(settings.receiver.replication_concurrency_per_device, 3);
  EXPECT_EQ(settings.receiver.replication_lock_timeout, 1);
  EXPECT_EQ(settings.receiver.replication_failure_threshold, 0);
  EXPECT_EQ(settings.receiver.replication_failure_ratio, 0.25);
  EXPECT_EQ(settings.receiver.allowed_headers, (std::vector<std::string>{"x-foo", "x-bar"}));
  EXPECT_FALSE(settings.receiver.log_requests);
  EXPECT_EQ(settings.log.name, "obj");
  EXPECT_EQ(settings.log.facility, "LOG_LOCAL5");
  EXPECT_EQ(settings.log.level, "debug");
  EXPECT_EQ(settings.log.address, "/dev/log");
  EXPECT_EQ(settings.pool.user, "nobody");
}

TEST_F(SettingsTest, ReadsThePoolsOptions) {
  const Settings settings = load(
      "[worker]\nworkers = 5\nsocket = /x/y\nsocket_mode = 0600\nsocket_owner = a\nsocket_group = b\n"
      "backlog = 3\ndurability = each\nswift_dir = /s\nlog_target = /l\nlog_format = json\n"
      "pid_file = /p\nworkers = 6\n");
  EXPECT_EQ(settings.pool.workers, 6);
  EXPECT_EQ(settings.pool.socket, "/x/y");
  EXPECT_EQ(settings.pool.socket_mode, 0600U);
  EXPECT_EQ(settings.pool.socket_owner, "a");
  EXPECT_EQ(settings.pool.socket_group, "b");
  EXPECT_EQ(settings.pool.backlog, 3);
  EXPECT_EQ(settings.receiver.durability, CommitMode::each);
  EXPECT_EQ(settings.swift_dir, "/s");
  EXPECT_EQ(settings.log.target, "/l");
  EXPECT_EQ(settings.log.format, "json");
  EXPECT_EQ(settings.pool.pid_file, "/p");
}

TEST_F(SettingsTest, BlankMeansTheDefaultWhereItDoesInSwift) {
  const Settings settings =
      load("replication_concurrency =\nreplication_failure_threshold =\nreplication_failure_ratio =\n");
  EXPECT_EQ(settings.pool.replication_concurrency, 4);
  EXPECT_EQ(settings.receiver.replication_failure_threshold, 100);
  EXPECT_EQ(settings.receiver.replication_failure_ratio, 1.0);
}

TEST_F(SettingsTest, TheDefaultPoolLeavesRoomBesideReplicationConcurrency) {
  struct Case {
    const char* concurrency;
    int workers;
  };
  for (const Case& c :
       {Case{"0", 8}, Case{"1", 8}, Case{"4", 12}, Case{"8", 20}, Case{"9", 21}, Case{"2000", 2012}}) {
    EXPECT_EQ(load(std::string("replication_concurrency = ") + c.concurrency).pool.workers, c.workers);
  }
  EXPECT_EQ(load("replication_concurrency = 6\n[worker]\nworkers = auto\n").pool.workers, 16);
  EXPECT_EQ(load("replication_concurrency = 0\n[worker]\nworkers = 1\n").pool.workers, 1);
}

TEST_F(SettingsTest, OnePerDeviceCountsOnlyWithoutItsSuccessor) {
  EXPECT_EQ(load("replication_one_per_device = no\n").receiver.replication_concurrency_per_device, 0);
  EXPECT_EQ(load("replication_one_per_device = yes\n").receiver.replication_concurrency_per_device, 1);
  EXPECT_EQ(load("replication_one_per_device = no\nreplication_concurrency_per_device = 5\n")
                .receiver.replication_concurrency_per_device,
            5);
}

TEST_F(SettingsTest, FallocateReserveIsBytesOrAPercentage) {
  EXPECT_EQ(load("fallocate_reserve = 2.5%\n").disk.fallocate_reserve.amount, 2.5);
  EXPECT_TRUE(load("fallocate_reserve = 2.5%\n").disk.fallocate_reserve.is_percent);
  EXPECT_FALSE(load("fallocate_reserve = 0\n").disk.fallocate_reserve.is_percent);
}

TEST_F(SettingsTest, ErrorsNameFileSectionOptionValueAndRemedy) {
  struct Case {
    const char* text;
    const char* error;
  };
  const Case cases[] = {
      {"client_timeout = abc",
       "[object-server] client_timeout = abc: not a number; give a number of seconds, e.g. 60"},
      {"client_timeout =", "client_timeout = : not a number"},
      {"client_timeout = 0", "client_timeout = 0: out of range"},
      {"client_timeout = nan", "client_timeout = nan: out of range"},
      {"client_timeout = inf", "client_timeout = inf: out of range"},
      {"client_timeout = 1\n  2", "client_timeout = 1\\n2: not a number"},
      {"network_chunk_size = 1023", "network_chunk_size = 1023: out of range 1024 to 67108864"},
      {"network_chunk_size = 67108865", "out of range"},
      {"disk_chunk_size = 1.5", "disk_chunk_size = 1.5: not a whole number"},
      {"mb_per_sync = -1", "mb_per_sync = -1: out of range"},
      {"reclaim_age = -1", "reclaim_age = -1: out of range"},
      {"commit_window = -0.1", "commit_window = -0.1: out of range"},
      {"max_upload_time = 0", "max_upload_time = 0: out of range"},
      {"mount_check = ture", "mount_check = ture: neither true nor false"},
      {"replication_concurrency = -1", "replication_concurrency = -1: out of range"},
      {"replication_concurrency_per_device =", "not a whole number"},
      {"replication_lock_timeout = 1.5", "not a whole number"},
      {"replication_failure_ratio = x", "not a number"},
      {"replication_one_per_device = x", "neither true nor false"},
      {"fallocate_reserve = 101%", "fallocate_reserve = 101%: not a percentage"},
      {"fallocate_reserve = x%", "not a percentage"},
      {"fallocate_reserve = x", "not a whole number"},
      {"log_level = LOUD", "log_level = LOUD: unknown level"},
      {"log_facility = LOG_X", "log_facility = LOG_X: unknown facility"},
      {"devices = relative", "devices = relative: not an absolute path"},
      {"devices = /a\n  b", "devices = /a\\nb: path contains a control character"},
      {"devices = /nonexistent", "devices = /nonexistent: cannot be read: No such file or directory; give"},
      {"clinet_timeout = 5", "[object-server] clinet_timeout = 5: unknown option; correct"},
      {"Client_Timeout = 5", "Client_Timeout = 5: unknown option; names of options are in lower case"},
      {"log_address = /x", "log_address = /x: only /dev/log is supported"},
      {"socket = /x", "[object-server] socket = /x: unknown option in this section; move it to [worker]"},
      {"log_format = json",
       "[object-server] log_format = json: this is an option of [worker]; move it there"},
      {"log_statsd_host = h\nstatsd_label_mode = statsite",
       "[object-server] statsd_label_mode = statsite: unknown mode; give dogstatsd, graphite, "},
      {"log_statsd_host = h\nstatsd_label_mode = librato\nstatsd_user_label_a = x y",
       "statsd_user_label_a = x y: no label; name and value may have"},
      {"log_statsd_host = h\nstatsd_emit_legacy = maybe",
       "statsd_emit_legacy = maybe: neither true nor false"},
      {"log_statsd_host = h\nlog_statsd_port = 0",
       "log_statsd_port = 0: no port; give a port from 1 to 65535"},
      {"[worker]\ndevices = /x",
       "[worker] devices = /x: unknown option in this section; move it to [object-server]"},
      {"[worker]\nbind_port = 1", "[worker] bind_port = 1: unknown option; correct"},
      {"[worker]\nworkers = 0", "workers = 0: out of range 1 to 16384"},
      {"[worker]\nworkers = 4", "[worker] workers = 4: must be greater than replication_concurrency (4)"},
      {"[worker]\nsocket = x", "socket = x: not an absolute path"},
      {"[worker]\nsocket_mode = 0888", "socket_mode = 0888: not an octal file mode"},
      {"[worker]\nsocket_mode = 1777", "not an octal file mode"},
      {"[worker]\nbacklog = 0", "backlog = 0: out of range"},
      {"[worker]\ndurability = none", "durability = none: neither group nor each"},
      {"[worker]\nlog_target = file", "log_target = file: unknown target"},
      {"[worker]\nlog_format = xml", "[worker] log_format = xml: unknown format; give text or json"},
      {"[worker]\nobject_server_conf = /nonexistent",
       "/nonexistent: cannot be read: No such file or directory; "
       "correct object_server_conf"},
      {"[workers]\nworkers = 9", "[workers]: unknown section"},
      {"[DEFAULT]\nuser = x", "[DEFAULT] user = x: [DEFAULT] is not supported here"},
  };
  for (const Case& c : cases) {
    const std::string error = thrown_message<ConfigError>([&] { load(c.text); });
    EXPECT_THAT(error, HasSubstr(c.error)) << c.text;
    if (std::string_view(c.error).front() == '[') {
      EXPECT_THAT(error, HasSubstr(dir_ + "/worker.conf: ")) << c.text;
    }
  }
  EXPECT_THAT(thrown_message<ConfigError>([] { load_settings("/nonexistent"); }),
              HasSubstr("/nonexistent: cannot be read"));
}

TEST_F(SettingsTest, ObjectServerConfIsTheDefaultUnderWorkerConf) {
  const Settings settings = load_over(
      "swift_dir = /swift\nuser = swift\nclient_timeout = 5\nmount_check = false\nbind_port = 6200\n"
      "[app:object-server]\nuse = egg:swift#object\nreplication_concurrency = 2\nset client_timeout = 7\n"
      "mb_per_sync = 9\nmount_check = true\n"
      "[pipeline:main]\npipeline = recon object-server\n[object-replicator]\nconcurrency = 4\n"
      "[filter:recon]\nrecon_cache_path = /x\n",
      "[object-server]\nmb_per_sync = 1\n");
  EXPECT_EQ(settings.swift_dir, "/swift");
  EXPECT_EQ(settings.pool.user, "swift");
  EXPECT_EQ(settings.pool.replication_concurrency, 2);
  EXPECT_EQ(settings.receiver.client_timeout, 7) << "set overrides [DEFAULT]";
  EXPECT_FALSE(settings.disk.mount_check) << "PasteDeploy keeps [DEFAULT] without set";
  EXPECT_EQ(settings.disk.bytes_per_sync, 1 << 20);
  EXPECT_EQ(
      settings.without_effect,
      (std::vector<std::string>{"[app:object-server] mount_check = true (" + dir_ +
                                    "/object-server.conf): [DEFAULT] has it too, and only 'set mount_check = "
                                    "...' overrides that",
                                "[DEFAULT] bind_port = 6200 (" + dir_ + "/object-server.conf)"}));
  EXPECT_EQ(load_over("swift_dir = /swift\n[app:object-server]\n", "swift_dir = /mine\n").swift_dir, "/mine");
}

TEST_F(SettingsTest, ObjectServerConfIsInterpolatedAsSwiftDoes) {
  const Settings settings = load_over(
      "log_name = %(here)s\nfallocate_reserve = 2%\n[app:object-server]\nset user = u%(log_level)s\n"
      "log_level = INFO\n");
  EXPECT_EQ(settings.log.name, dir_);
  EXPECT_EQ(settings.disk.fallocate_reserve.amount, 2);
  EXPECT_EQ(settings.pool.user, "uINFO");
}

TEST_F(SettingsTest, MetricsGoWhereSwiftsGo) {
  const Settings settings = load_over(
      "log_statsd_host = h\nlog_statsd_port = 8126\nlog_statsd_default_sample_rate = .5\n"
      "[app:object-server]\nset log_statsd_host = stats.example\nlog_statsd_sample_rate_factor = 10\n"
      "log_statsd_metric_prefix = a.b\nstatsd_label_mode = dogstatsd\n");
  EXPECT_EQ(settings.statsd.host, "stats.example");
  EXPECT_EQ(settings.statsd.port, 8126);
  EXPECT_EQ(settings.statsd.default_sample_rate, 0.5);
  EXPECT_EQ(settings.statsd.sample_rate_factor, 10);
  EXPECT_EQ(settings.statsd.metric_prefix, "a.b");
  EXPECT_EQ(settings.statsd.label_mode, LabelMode::dogstatsd);
  EXPECT_THAT(settings.without_effect, IsEmpty());
  const std::string ours = "[app:object-server] of " + dir_ + "/object-server.conf\n";
  EXPECT_THAT(
      effective_text(settings),
      HasSubstr("# " + ours + "log_statsd_host = stats.example\nlog_statsd_sample_rate_factor = 10.0\n" +
                "log_statsd_metric_prefix = a.b\nstatsd_label_mode = dogstatsd\n"));
}

TEST_F(SettingsTest, LabelsOfMetrics) {
  const std::string host = "log_statsd_host = h\n";
  const Settings labels = load_over(host +
                                    "statsd_label_mode = Graphite\nstatsd_user_label_dc = x_1.y\n"
                                    "statsd_emit_legacy = no\n[app:object-server]\n");
  EXPECT_EQ(labels.statsd.label_mode, LabelMode::graphite);
  EXPECT_THAT(labels.statsd.user_labels, ::testing::ElementsAre(std::pair("user_dc", "x_1.y")));
  EXPECT_FALSE(labels.statsd.emit_legacy);
  EXPECT_EQ(labels.statsd.host, "h");
  EXPECT_THAT(labels.without_effect, IsEmpty());
  EXPECT_THAT(effective_text(labels), HasSubstr("statsd_user_label_dc = x_1.y\n"));

  // Newer releases of Swift do not start with these; older ones do not know them.
  for (const std::string text : {"statsd_label_mode = statsite", "statsd_label_mode ="}) {
    const Settings settings = load_over(host + text + "\n[app:object-server]\n");
    EXPECT_EQ(settings.statsd.label_mode, LabelMode::disabled);
    EXPECT_THAT(settings.without_effect, ::testing::ElementsAre(HasSubstr(text)));
  }
  for (const std::string text : {"statsd_user_label_a-b = x", "statsd_user_label_a = x y"}) {
    const Settings settings =
        load_over(host + "statsd_label_mode = librato\n" + text + "\n[app:object-server]\n");
    EXPECT_THAT(settings.statsd.user_labels, IsEmpty());
    EXPECT_THAT(settings.without_effect, ::testing::ElementsAre(HasSubstr(text)));
  }
}

TEST_F(SettingsTest, OptionsOfMetricsHaveNoEffectWithoutAHost) {
  const Settings settings = load_over("log_statsd_port = x\n[app:object-server]\n");
  EXPECT_EQ(settings.statsd.host, "");
  EXPECT_THAT(settings.without_effect, ::testing::ElementsAre(HasSubstr("log_statsd_port = x")));
  EXPECT_THAT(effective_text(settings), HasSubstr("\nlog_statsd_host = \nlog_statsd_port = 8125\n"));
}

TEST_F(SettingsTest, MetricsThatCannotBeSentAreNamed) {
  for (const std::string option : {"log_statsd_port = 0", "statsd_emit_legacy = no"}) {
    const Settings settings = load_over("log_statsd_host = h\n" + option + "\n[app:object-server]\n");
    EXPECT_EQ(settings.statsd.host, "");
    EXPECT_THAT(settings.without_effect, ::testing::ElementsAre(::testing::AllOf(
                                             HasSubstr(option), HasSubstr("no statsd metrics are sent"))));
  }
  EXPECT_THAT(thrown_message<ConfigError>(
                  [&] { load_over("log_statsd_host = h\nlog_statsd_port = x\n[app:object-server]\n"); }),
              HasSubstr("[DEFAULT] log_statsd_port = x: not a"));
}

TEST_F(SettingsTest, AReplicatorIsLookedForWhereItsSectionSays) {
  const std::string recon =
      "[pipeline:main]\npipeline = recon object-server\n[app:object-server]\nuse = egg:swift#object\n"
      "[filter:recon]\nuse = egg:swift#recon\nrecon_cache_path = /recon\n";
  struct Case {
    std::string text;
    const char* path;
  };
  for (const Case& c : {Case{recon, "/recon"}, Case{"[app:object-server]\n", "/var/cache/swift"},
                        Case{recon + "[object-replicator]\n", "/var/cache/swift"},
                        Case{recon + "[object-replicator]\nrecon_cache_path = /own\n", "/own"},
                        Case{recon + "[object-replicator]\nrecon_cache_path = own\n", "/own"},
                        Case{"recon_cache_path = /all\n" + recon + "[object-replicator]\n", "/all"},
                        Case{recon + "[object-replicator]\nrecon_cache_path = %(none)s\n", "/recon"}}) {
    EXPECT_EQ(load_over(c.text).replicators_recon_cache_path, c.path) << c.text;
  }
  EXPECT_EQ(load("").replicators_recon_cache_path, "/var/cache/swift");
}

TEST_F(SettingsTest, ObjectServerConfMistakesNameThatFile) {
  EXPECT_THAT(
      thrown_message<ConfigError>([&] { load_over("[app:object-server]\nset client_timeout = x\n"); }),
      HasSubstr(dir_ + "/object-server.conf: [app:object-server] set client_timeout = x: not a number"));
  EXPECT_THAT(thrown_message<ConfigError>([&] { load_over(""); }),
              HasSubstr("missing section [app:object-server]"));
}

// object-server.conf is shared with a dozen daemons and tools.
TEST_F(SettingsTest, WhatSwiftRunsWithIsNeverRefused) {
  const Settings settings = load_over(
      "recon_cache_path = /var/cache/swift\nvm_test_mode = yes\nuse_stderr = true\nsync_method = ssync\n"
      "mount_check = ture\nlog_facility = local0\nlog_level = ERR\nmy_name = x\n"
      "[app:object-server]\nuse = egg:swift#object\nthreads_per_disk = 4\nconcurrency = 2\n"
      "replication_one_per_device = maybe\nreplication_concurrency = 2000\n");
  EXPECT_FALSE(settings.disk.mount_check) << "as config_true_value reads it";
  EXPECT_EQ(settings.log.facility, "LOG_LOCAL0");
  EXPECT_EQ(settings.log.level, "INFO");
  EXPECT_EQ(settings.receiver.replication_concurrency_per_device, 0);
  EXPECT_EQ(settings.pool.replication_concurrency, 2000);
  EXPECT_EQ(settings.pool.workers, 2012);
  const std::string file = " (" + dir_ + "/object-server.conf)";
  EXPECT_THAT(
      settings.without_effect,
      ::testing::UnorderedElementsAre(
          "[DEFAULT] recon_cache_path = /var/cache/swift" + file, "[DEFAULT] vm_test_mode = yes" + file,
          "[DEFAULT] use_stderr = true" + file, "[DEFAULT] sync_method = ssync" + file,
          "[DEFAULT] my_name = x" + file, "[app:object-server] threads_per_disk = 4" + file,
          "[app:object-server] concurrency = 2" + file,
          "[DEFAULT] mount_check = ture" + file + ": read as false",
          "[DEFAULT] log_facility = local0" + file + ": unknown here, the default LOG_LOCAL0 is used",
          "[DEFAULT] log_level = ERR" + file + ": unknown here, the default INFO is used"));
}

TEST_F(SettingsTest, SwiftsWordsForLogsFallBackAsInSwift) {
  for (const char* facility : {"local0", "LOCAL2", "daemon", "", "LOG_LOCAL9"}) {
    const std::string text = std::string("log_facility = ") + facility + "\n[app:object-server]\n";
    EXPECT_EQ(load_over(text).log.facility, "LOG_LOCAL0") << facility;
  }
  for (const char* level : {"ERR", "20", "", "loud"}) {
    const std::string text = std::string("log_level = ") + level + "\n[app:object-server]\n";
    EXPECT_EQ(load_over(text).log.level, "INFO") << level;
  }
}

TEST_F(SettingsTest, NumbersMayBeWrittenInTheDigitsOfAnyScript) {
  const Settings settings = load_over(
      "replication_concurrency = \u0667\nclient_timeout = \uff12.\u0665\nfallocate_reserve = \u09e9%\n"
      "mb_per_sync = 1\u0660\n[app:object-server]\n");
  EXPECT_EQ(settings.pool.replication_concurrency, 7);
  EXPECT_EQ(settings.receiver.client_timeout, 2.5);
  EXPECT_EQ(settings.disk.fallocate_reserve.amount, 3);
  EXPECT_EQ(settings.disk.bytes_per_sync, 10 << 20);
  for (const char* text : {"\u00b2", "\u2167", "7\u00e9"}) {
    EXPECT_THAT(thrown_message<ConfigError>(
                    [&] { load_over("mb_per_sync = " + std::string(text) + "\n[app:object-server]\n"); }),
                HasSubstr("not a whole number"))
        << text;
  }
}

TEST_F(SettingsTest, NumbersBeyondOursAreTakenAsOursInSwiftsFile) {
  const Settings settings = load_over(
      "network_chunk_size = 1\ndisk_chunk_size = 1_000_000_000\nclient_timeout = inf\n"
      "keep_cache_size = 99999999999999999999\nreplication_concurrency = 1000000\n"
      "fallocate_reserve = 99999999999999999999\n"
      "log_address = /run/log\nswift_dir = etc/swift\n[app:object-server]\n");
  EXPECT_EQ(settings.receiver.network_chunk_size, 1024);
  EXPECT_EQ(settings.disk.disk_chunk_size, 64 << 20);
  EXPECT_EQ(settings.receiver.client_timeout, 1e9);
  EXPECT_EQ(settings.disk.keep_cache_size, std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(settings.pool.replication_concurrency, 8192);
  EXPECT_EQ(settings.disk.fallocate_reserve.amount, 4611686018427387904.0);
  EXPECT_THAT(effective_text(settings), HasSubstr("\nfallocate_reserve = 4611686018427387904\n"));
  EXPECT_EQ(settings.log.address, "/dev/log");
  EXPECT_EQ(settings.swift_dir, "/etc/swift") << "Swift's servers work in /";
  const std::string file = " (" + dir_ + "/object-server.conf): ";
  EXPECT_THAT(settings.without_effect,
              ::testing::IsSupersetOf({"[DEFAULT] network_chunk_size = 1" + file + "taken as 1024",
                                       "[DEFAULT] client_timeout = inf" + file + "taken as 1000000000.0",
                                       "[DEFAULT] swift_dir = etc/swift" + file + "read as /etc/swift"}));
}

TEST_F(SettingsTest, TheEffectiveTextGivesTheSameSettings) {
  const Settings settings = load(
      "mount_check = no\nfallocate_reserve = 2.5%\nclient_timeout = 0.25\nmb_per_sync = 7\n"
      "allowed_headers = X-A, X-B\nlog_name = a name\nnice_priority = 5\n"
      "[worker]\nworkers = 17\nsocket_mode = 0600\ndurability = each\npid_file = /p\n");
  const std::string text = effective_text(settings);
  for (const char* line :
       {"\nworkers = 17\n", "\nsocket_mode = 0600\n", "\ndurability = each\n", "\nmount_check = false\n",
        "\nfallocate_reserve = 2.5%\n", "\nclient_timeout = 0.25\n", "\nmb_per_sync = 7\n",
        "\nallowed_headers = x-a, x-b\n", "\nlog_name = a name\n", "\nnice_priority = 5\n",
        "\nionice_class = \n", "\nionice_priority = 0\n"}) {
    EXPECT_THAT(text, HasSubstr(line));
  }
  write("again.conf", text);
  EXPECT_EQ(options_in(effective_text(load_settings(dir_ + "/again.conf"))), options_in(text));
}

TEST_F(SettingsTest, TheEffectiveTextNamesWhereSettingsComeFrom) {
  const std::string text = effective_text(
      load_over("client_timeout = 7\nlog_level = LOUD\nmount_check = maybe\nreplication_concurrency =\n"
                "replication_one_per_device = no\n"
                "[app:object-server]\nset reclaim_age = 9\n",
                "workers = 17\n[object-server]\ncommit_window = 3\n"));
  const std::string swifts = "of " + dir_ + "/object-server.conf";
  const std::string ours = "of " + dir_ + "/worker.conf";
  for (const std::string& lines :
       {"# [worker] " + ours + "\nworkers = 17\nobject_server_conf = " + dir_ +
            "/object-server.conf\n# default\n",
        "# [DEFAULT] " + swifts + "\ndevices = " + dir_ + "\nclient_timeout = 7.0\n",
        "# [DEFAULT] " + swifts + ": read as false\nmount_check = false\n",
        "# [app:object-server] " + swifts + "\nreclaim_age = 9\n",
        "# [object-server] " + ours + "\ncommit_window = 3.0\n",
        "# [DEFAULT] " + swifts + ": by replication_one_per_device\nreplication_concurrency_per_device = 0\n",
        "# default, since the value falls back: [DEFAULT] " + swifts + "\n"}) {
    EXPECT_THAT(text, HasSubstr(lines));
  }
  const std::string fallen = text.substr(text.find("falls back"));
  EXPECT_THAT(fallen, HasSubstr("\nreplication_concurrency = 4\nlog_level = INFO\n# "));
  EXPECT_THAT(text.substr(text.rfind("# default\n")), HasSubstr("\nlog_name = object-server\n"))
      << "which no file has";
}

TEST_F(SettingsTest, ReadsSwiftsFileWithoutOurs) {
  write("object-server.conf",
        "[DEFAULT]\ndevices = " + dir_ +
            "\nclient_timeout = 7\nbind_ip = 10.0.0.1\n[app:object-server]\nuse = egg:swift#object\n"
            "[pipeline:main]\npipeline = healthcheck recon object-server\n");
  const Settings settings = load_settings(ConfigurationFiles{std::nullopt, dir_ + "/object-server.conf"});
  EXPECT_EQ(settings.receiver.client_timeout, 7);
  EXPECT_EQ(settings.pool.socket, "/run/ssync-worker/worker.sock");
  EXPECT_THAT(settings.filters, ::testing::ElementsAre("healthcheck", "recon"));
  ASSERT_TRUE(settings.ring_ip);
  EXPECT_EQ(settings.ring_ip->name + " = " + settings.ring_ip->value, "bind_ip = 10.0.0.1");
  EXPECT_THAT(effective_text(settings),
              HasSubstr("# --object-server-conf\nobject_server_conf = " + dir_ + "/object-server.conf\n"));
}

TEST_F(SettingsTest, ReadsAnotherFileOfSwiftsThanOursNames) {
  write("other.conf",
        "[DEFAULT]\ndevices = " + dir_ + "\nring_ip = 10.0.0.2\nbind_ip = 10.0.0.1\n[app:object-server]\n");
  write("worker.conf", "[worker]\nobject_server_conf = /nowhere\nworkers = 17\n");
  const Settings settings = load_settings(ConfigurationFiles{dir_ + "/worker.conf", dir_ + "/other.conf"});
  EXPECT_EQ(settings.pool.workers, 17);
  EXPECT_EQ(settings.ring_ip->value, "10.0.0.2");
}

TEST_F(SettingsTest, SecretsAreNotShown) {
  const Settings settings = load_over(
      "log_anonymization_salt = pepper\nmy_Password = pepper\nadmin_token = pepper\nkey_file = "
      "/key\n[app:object-server]\n");
  EXPECT_THAT(settings.without_effect,
              Contains("[DEFAULT] log_anonymization_salt = (not shown) (" + dir_ + "/object-server.conf)"));
  EXPECT_THAT(settings.without_effect, ::testing::Not(Contains(HasSubstr("pepper"))));
  EXPECT_THAT(settings.without_effect, Contains(HasSubstr("key_file = /key")));
}

// No server could run with these.
TEST_F(SettingsTest, ValuesWithoutAMeaningAreRefusedInSwiftsFileToo) {
  for (const char* text : {"client_timeout = nan", "client_timeout = -1", "network_chunk_size = 0",
                           "reclaim_age = -1", "replication_concurrency = -1", "disk_chunk_size = 0",
                           "fallocate_reserve = nan%", "commit_window = nan", "client_timeout = 0"}) {
    EXPECT_THAT(
        thrown_message<ConfigError>([&] { load_over(std::string(text) + "\n[app:object-server]\n"); }),
        HasSubstr(dir_ + "/object-server.conf: [DEFAULT] " + text))
        << text;
  }
}

TEST_F(SettingsTest, AcceptsEveryOptionOfSwiftsSample) {
  std::string text;
  const std::vector<std::string> options = {"bind_ip",
                                            "bind_port",
                                            "keep_idle",
                                            "bind_timeout",
                                            "backlog",
                                            "workers",
                                            "servers_per_port",
                                            "ring_ip",
                                            "max_clients",
                                            "log_max_line_length",
                                            "log_anonymization_method",
                                            "log_anonymization_salt",
                                            "log_format",
                                            "log_custom_handlers",
                                            "log_udp_host",
                                            "log_udp_port",
                                            "log_statsd_port",
                                            "log_statsd_default_sample_rate",
                                            "log_statsd_sample_rate_factor",
                                            "log_statsd_metric_prefix",
                                            "statsd_label_mode",
                                            "statsd_user_label_dc",
                                            "eventlet_debug",
                                            "conn_timeout",
                                            "node_timeout",
                                            "container_update_timeout",
                                            "slow",
                                            "keep_cache_slo_manifest",
                                            "cooperative_period",
                                            "etag_validate_pct",
                                            "slow_delete_log_threshold_seconds",
                                            "eventlet_tpool_num_threads",
                                            "splice",
                                            "stale_worker_timeout"};
  for (const std::string& option : options) text += option + " = 1\n";
  const Settings settings = load(text);
  EXPECT_EQ(settings.without_effect.size(), options.size());
  EXPECT_THAT(settings.without_effect, Contains("[object-server] splice = 1 (" + dir_ + "/worker.conf)"));
}

// What modify_priority() makes of them (tests/e2e/test_swift_configurations.py compares).
TEST_F(SettingsTest, PrioritiesOfSwiftsFile) {
  struct Case {
    std::string text;
    ProcessPriority priority;
    std::size_t notes;
  };
  const Case cases[] = {
      {"", {}, 0},
      {"nice_priority = -5\nionice_class = IOPRIO_CLASS_RT\nionice_priority = 7\n",
       {-5, IoClass::real_time, 7},
       0},
      {"ionice_class = IOPRIO_CLASS_BE\n", {std::nullopt, IoClass::best_effort, 0}, 0},
      {"nice_priority = x\nionice_class = best\n", {}, 2},
      {"nice_priority =\nionice_class =\n", {}, 2},
      {"ionice_class = IOPRIO_CLASS_IDLE\nionice_priority = low\n",
       {std::nullopt, IoClass::idle, std::nullopt},
       1},
      {"nice_priority = 99999999999\n", {}, 1},
  };
  for (const Case& c : cases) {
    const Settings settings = load_over("[app:object-server]\n" + c.text);
    EXPECT_EQ(settings.pool.priority, c.priority) << c.text;
    EXPECT_EQ(settings.without_effect.size(), c.notes) << c.text;
  }
}

TEST_F(SettingsTest, PrioritiesAreThoseOfTheServersSection) {
  const Settings settings = load_over(
      "[pipeline:main]\npipeline = mine\n[app:mine]\nuse = egg:swift#object\nnice_priority = 3\n"
      "[app:object-server]\nuse = egg:swift#object\nnice_priority = 5\n");
  EXPECT_EQ(settings.pool.priority.nice, 5);
}

TEST_F(SettingsTest, WrongPrioritiesOfOurOwnAreRefused) {
  for (const char* text : {"nice_priority = x", "ionice_class = IDLE", "ionice_priority = low"}) {
    EXPECT_THAT(thrown_message<ConfigError>([&] { load(std::string(text) + "\n"); }), HasSubstr(text));
  }
  const Settings settings = load("nice_priority =\nionice_class =\n");
  EXPECT_EQ(settings.pool.priority, ProcessPriority());
}

TEST_F(SettingsTest, AReloadKeepsWhatNeedsARestart) {
  const Settings running = load("user = a\nclient_timeout = 1\n[worker]\nsocket = /s\nbacklog = 7\n");
  Settings reloaded =
      load("user = b\nclient_timeout = 2\n[worker]\nsocket = /t\nbacklog = 7\npid_file = /p\n");
  EXPECT_THAT(keep_until_restart(running, reloaded), ::testing::ElementsAre("socket", "pid_file", "user"));
  EXPECT_EQ(reloaded.pool.socket, "/s");
  EXPECT_EQ(reloaded.pool.pid_file, "");
  EXPECT_EQ(reloaded.pool.user, "a");
  EXPECT_EQ(reloaded.receiver.client_timeout, 2);
  EXPECT_THAT(keep_until_restart(running, reloaded), IsEmpty());
}

}  // namespace
}  // namespace ssync
