#include "common/config/option_table.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <set>

#include "common/config/log_setup.h"

namespace ssync {
namespace {

constexpr std::int64_t kKibi = 1024;
constexpr std::int64_t kMebi = kKibi * kKibi;
constexpr std::int64_t kMaxChunk = 64 * kMebi;
constexpr std::int64_t kMaxInt = std::numeric_limits<int>::max();
constexpr std::int64_t kMaxInt64 = std::numeric_limits<std::int64_t>::max();
constexpr double kMaxSeconds = 1e9;

template <auto Part, auto Member>
auto& field(Settings& settings) {
  return (settings.*Part).*Member;
}
template <auto Member>
constexpr auto kDisk = &field<&Settings::disk, Member>;
template <auto Member>
constexpr auto kReceiver = &field<&Settings::receiver, Member>;
template <auto Member>
constexpr auto kLog = &field<&Settings::log, Member>;
template <auto Member>
constexpr auto kPool = &field<&Settings::pool, Member>;
template <auto Member>
auto& priority_field(Settings& settings) {
  return settings.pool.priority.*Member;
}
template <auto Member>
constexpr auto kPriority = &priority_field<Member>;
template <auto Member>
auto& own_field(Settings& settings) {
  return settings.*Member;
}

using Bytes = WholeNumber<std::int64_t>;
using Seconds = WholeNumber<std::int64_t>;
using Count = WholeNumber<int>;

bool is_log_target(std::string_view text) {
  return text == "stderr" || text == "syslog" || text.starts_with('/');
}

const std::array kWorkerOptions{
    Option{"socket", Path{kPool<&PoolSettings::socket>, Blank::is_empty}, OnReload::needs_restart},
    Option{"status_socket",
           CheckedText{kPool<&PoolSettings::status_socket>,
                       [](std::string_view path) {
                         return path.empty() || path.starts_with('/') || path == kNoStatusSocket;
                       },
                       "give an absolute path, off, or nothing for the pool's socket with .status behind it"},
           OnReload::needs_restart},
    Option{"socket_mode", FileMode{kPool<&PoolSettings::socket_mode>}, OnReload::needs_restart},
    Option{"socket_owner", Text{kPool<&PoolSettings::socket_owner>}, OnReload::needs_restart},
    Option{"socket_group", Text{kPool<&PoolSettings::socket_group>}, OnReload::needs_restart},
    Option{"backlog", Count{kPool<&PoolSettings::backlog>, 1, 65535, "a number of connections, e.g. 4096"},
           OnReload::needs_restart},
    Option{"pid_file", Path{kPool<&PoolSettings::pid_file>, Blank::is_empty}, OnReload::needs_restart},
    Option{"bandwidth_per_device", Bytes{kPool<&PoolSettings::bandwidth_per_device>, 0, kMaxInt64,
                                         "a number of bytes per second, e.g. 20000000, 0 for no limit"}},
    Option{"objects_per_device",
           WholeNumber<std::int64_t>{kPool<&PoolSettings::objects_per_device>, 0, kMaxInt64,
                                     "a number of objects per second, 0 for no limit"}},
    Option{"idle_share", RealNumber{kPool<&PoolSettings::idle_share>, 0, 0.95,
                                    "a share of each second from 0 to 0.95, e.g. 0.3"}},
    Option{"durability", Durabilities{kReceiver<&ReceiverSettings::durability>}},
    Option{"swift_dir", Path{own_field<&Settings::swift_dir>}},
    Option{"object_server_conf", Path{own_field<&Settings::object_server_conf>, Blank::is_empty}},
    Option{"swift_version", Text{own_field<&Settings::swift_version>}},
    Option{"log_target", CheckedText{kLog<&LogSettings::target>, is_log_target,
                                     "unknown target; give stderr, syslog or a file's absolute path"}},
    Option{"log_format", CheckedText{kLog<&LogSettings::format>,
                                     [](std::string_view name) { return log_format_named(name).has_value(); },
                                     "unknown format; give text or json"}},
};

const std::array kObjectServerOptions{
    Option{"swift_dir", Path{own_field<&Settings::swift_dir>}},
    Option{"user", Text{kPool<&PoolSettings::user>}, OnReload::needs_restart},
    Option{"nice_priority", OptionalNumber{kPriority<&ProcessPriority::nice>, "niceness is left unchanged"}},
    Option{"ionice_class", IoClasses{kPriority<&ProcessPriority::io_class>}},
    Option{"ionice_priority",
           OptionalNumber{kPriority<&ProcessPriority::io_priority>, "I/O scheduling is left unchanged"}},
    Option{"devices", Path{kDisk<&DiskSettings::devices>}},
    Option{"mount_check", Truth{kDisk<&DiskSettings::mount_check>}},
    Option{"disable_fallocate", Truth{kDisk<&DiskSettings::disable_fallocate>}},
    Option{"fallocate_reserve", BytesOrPercent{kDisk<&DiskSettings::fallocate_reserve>}},
    Option{"disk_chunk_size", Bytes{.field = kDisk<&DiskSettings::disk_chunk_size>,
                                    .minimum = kKibi,
                                    .maximum = kMaxChunk,
                                    .example = "a number of bytes, e.g. 65536",
                                    .swift_minimum = 1}},
    Option{"keep_cache_size",
           Bytes{kDisk<&DiskSettings::keep_cache_size>, 0, kMaxInt64, "a number of bytes, e.g. 5242880"}},
    Option{"mb_per_sync", Bytes{.field = kDisk<&DiskSettings::bytes_per_sync>,
                                .minimum = 0,
                                .maximum = kMebi,
                                .example = "a number of MiB, e.g. 512",
                                .unit = kMebi}},
    Option{"reclaim_age", Seconds{kDisk<&DiskSettings::reclaim_age>, 0, std::int64_t{1} << 40,
                                  "a number of seconds, e.g. 604800"}},
    Option{"commit_window",
           RealNumber{kDisk<&DiskSettings::commit_window>, 0, kMaxSeconds, "a number of seconds, e.g. 60"}},
    Option{"replication_server", Truth{kReceiver<&ReceiverSettings::replication_server>}},
    Option{"client_timeout", RealNumber{kReceiver<&ReceiverSettings::client_timeout>, 0.001, kMaxSeconds,
                                        "a number of seconds, e.g. 60"}},
    Option{"network_chunk_size", Bytes{.field = kReceiver<&ReceiverSettings::network_chunk_size>,
                                       .minimum = kKibi,
                                       .maximum = kMaxChunk,
                                       .example = "a number of bytes, e.g. 65536",
                                       .swift_minimum = 1}},
    Option{"max_upload_time", Seconds{kReceiver<&ReceiverSettings::max_upload_time>, 1, 1'000'000'000,
                                      "a number of seconds, e.g. 86400"}},
    Option{"replication_concurrency", Count{kPool<&PoolSettings::replication_concurrency>, 0, kMaxWorkers / 2,
                                            "a number of sessions, 0 for no limit", Blank::is_default}},
    Option{"replication_concurrency_per_device",
           Count{kReceiver<&ReceiverSettings::replication_concurrency_per_device>, 0, kMaxWorkers,
                 "a number of sessions, 0 for no limit"}},
    Option{"replication_lock_timeout", Count{kReceiver<&ReceiverSettings::replication_lock_timeout>, 0, 86400,
                                             "a number of seconds, e.g. 15"}},
    Option{"replication_failure_threshold",
           Count{kReceiver<&ReceiverSettings::replication_failure_threshold>, 0, kMaxInt,
                 "a number of failures, e.g. 100", Blank::is_default}},
    Option{"replication_failure_ratio",
           RealNumber{kReceiver<&ReceiverSettings::replication_failure_ratio>, 0, 1e9,
                      "a ratio of failures to successes, e.g. 1.0", Blank::is_default}},
    Option{"allowed_headers", HeaderNames{kReceiver<&ReceiverSettings::allowed_headers>}},
    Option{"keep_cache_private", Truth{kReceiver<&ReceiverSettings::keep_cache_private>}},
    Option{"log_requests", Truth{kReceiver<&ReceiverSettings::log_requests>}},
    Option{"log_name", Text{kLog<&LogSettings::name>}},
    Option{"log_facility",
           CheckedText{kLog<&LogSettings::facility>,
                       [](std::string_view name) { return log_facility_named(name).has_value(); },
                       "unknown facility; give e.g. LOG_LOCAL0"}},
    Option{"log_level", CheckedText{kLog<&LogSettings::level>,
                                    [](std::string_view name) { return log_level_named(name).has_value(); },
                                    "unknown level; give DEBUG, INFO, NOTICE, WARNING, ERROR or CRITICAL"}},
    Option{"log_address",
           CheckedText{kLog<&LogSettings::address>, [](std::string_view path) { return path == "/dev/log"; },
                       "only /dev/log is supported; remove the option"}},
};

}  // namespace

std::span<const Option> worker_options() { return kWorkerOptions; }
std::span<const Option> object_server_options() { return kObjectServerOptions; }

const Option* find_option(std::span<const Option> options, std::string_view name) {
  const auto found = std::ranges::find(options, name, &Option::name);
  return found == options.end() ? nullptr : &*found;
}

bool is_swift_option_without_effect(std::string_view name) {
  static const std::set<std::string_view> names = {
      "auto_create_account_prefix",
      "backlog",
      "bind_ip",
      "bind_port",
      "bind_timeout",
      "cert_file",
      "conn_timeout",
      "container_update_timeout",
      "cooperative_period",
      "etag_validate_pct",
      "eventlet_debug",
      "eventlet_tpool_num_threads",
      "expiring_objects_account_name",
      "expiring_objects_container_divisor",
      "keep_cache_slo_manifest",
      "keep_idle",
      "keepalive_timeout",
      "key_file",
      "log_anonymization_method",
      "log_anonymization_salt",
      "log_custom_handlers",
      "log_format",
      "log_max_line_length",
      "log_statsd_default_sample_rate",
      "log_statsd_host",
      "log_statsd_metric_prefix",
      "log_statsd_port",
      "log_statsd_sample_rate_factor",
      "log_udp_host",
      "log_udp_port",
      "max_clients",
      "node_timeout",
      "require_proxy_protocol",
      "ring_check_interval",
      "ring_ip",
      "servers_per_port",
      "slow",
      "slow_delete_log_threshold_seconds",
      "splice",
      "stale_worker_timeout",
      "statsd_emit_legacy",
      "statsd_label_mode",
      "workers",
  };
  return names.contains(name) || name.starts_with("statsd_user_label_");
}

}  // namespace ssync
