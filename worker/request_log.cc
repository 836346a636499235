#include "worker/request_log.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <array>
#include <ctime>

namespace ssync {

void log_request(const RequestHead& head, int status, double seconds) {
  if (!spdlog::should_log(spdlog::level::debug)) return;
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 64> time{};
  std::strftime(time.data(), time.size(), "%d/%b/%Y:%H:%M:%S +0000", &utc);
  spdlog::debug(R"({} - - [{}] "{} {}" {} - "{}" "{}" "{}" {:.4f} "" {} {})", head.remote_addr, time.data(),
                head.method, head.uri, status, head.referer, head.transaction_id, head.user_agent, seconds,
                ::getpid(), head.policy_index.value_or("0"));
}

}  // namespace ssync
