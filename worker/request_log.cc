#include "worker/request_log.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <string>

namespace ssync {

namespace {

spdlog::level::level_enum level_of(const RequestHead& head) {
  const bool is_replication = head.method == "SSYNC" || head.method == "REPLICATE" ||
                              head.method == "REPLICATION" || head.replication.has_value();
  return is_replication ? spdlog::level::debug : spdlog::level::info;
}

}  // namespace

void log_request(const RequestHead& head, const RequestOutcome& outcome) {
  const auto level = level_of(head);
  if (!spdlog::should_log(level)) return;
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 64> time{};
  std::strftime(time.data(), time.size(), "%d/%b/%Y:%H:%M:%S +0000", &utc);
  spdlog::log(level, R"({} - - [{}] "{} {}" {} {} "{}" "{}" "{}" {:.4f} "-" {} {})", head.remote_addr,
              time.data(), head.method, head.uri, outcome.status,
              outcome.content_length ? std::to_string(*outcome.content_length) : "-", head.referer,
              head.transaction_id, head.user_agent, outcome.seconds, ::getpid(),
              head.policy_index.value_or("-"));
}

}  // namespace ssync
