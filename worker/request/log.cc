#include "worker/request/log.h"

#include <unistd.h>

#include <array>
#include <ctime>
#include <string>

#include "common/os/log.h"
#include "common/os/log_context.h"

namespace ssync {

namespace {

log::Level level_of(const RequestHead& head) {
  const bool is_replication = head.method == "SSYNC" || head.method == "REPLICATE" ||
                              head.method == "REPLICATION" || head.replication.has_value();
  return is_replication ? log::Level::debug : log::Level::info;
}

}  // namespace

void log_request(const RequestHead& head, const RequestOutcome& outcome) {
  const auto level = level_of(head);
  if (!log::is_on(level)) return;
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 64> time{};
  std::strftime(time.data(), time.size(), "%d/%b/%Y:%H:%M:%S +0000", &utc);
  const log::Context numbers({{"status", std::int64_t{outcome.status}}, {"seconds", outcome.seconds}});
  log::write(level, R"({} - - [{}] "{} {}" {} {} "{}" "{}" "{}" {:.4f} "-" {} {})", head.remote_addr,
             time.data(), head.method, head.uri, outcome.status,
             outcome.content_length ? std::to_string(*outcome.content_length) : "-", head.referer,
             head.transaction_id, head.user_agent, outcome.seconds, ::getpid(),
             head.policy_index.value_or("-"));
}

}  // namespace ssync
