#include "worker/recon/middleware_answer.h"

#include <sys/stat.h>

#include <exception>
#include <optional>
#include <string>
#include <string_view>

#include "common/os/log.h"
#include "common/python/url.h"
#include "worker/recon/recon_checks.h"

namespace ssync {
namespace {

constexpr std::string_view kRecon = "/recon/";

std::string path_of(const RequestHead& head) {
  return python::unquote(head.uri.substr(0, head.uri.find('?')));
}

}  // namespace

Middleware middleware_for(const RequestHead& head, const MiddlewareSettings& settings) {
  if (!settings.healthcheck.is_served && !settings.recon.is_served) return Middleware::none;
  const std::string path = path_of(head);
  if (settings.healthcheck.is_served && path == "/healthcheck") return Middleware::healthcheck;
  if (settings.recon.is_served && path.starts_with(kRecon)) return Middleware::recon;
  return Middleware::none;
}

HttpAnswer answer_healthcheck(const HealthcheckSettings& settings) {
  struct stat status {};
  const bool disabled = !settings.disable_path.empty() && ::stat(settings.disable_path.c_str(), &status) == 0;
  HttpAnswer answer = text_answer(200, "OK");
  if (disabled) answer = text_answer(503, "DISABLED BY FILE");
  return answer;
}

HttpAnswer answer_recon(const RequestHead& head, const Configuration& configuration) {
  const std::string path = path_of(head);
  const std::string_view asked = std::string_view(path).substr(kRecon.size());
  const std::size_t slash = asked.find('/');
  const std::string_view check = asked.substr(0, slash);
  std::optional<std::string_view> type;
  if (slash != std::string_view::npos) type = asked.substr(slash + 1);
  try {
    const auto content = recon_content(check, type, configuration);
    if (!content) return text_answer(404, "Invalid path: " + python::quote(path));
    return {.status = 200, .body = json_text(*content), .content_type = "application/json"};
  } catch (const std::exception& error) {
    log::error("Error answering {}: {}", path, error.what());
    return text_answer(500, "");
  }
}

}  // namespace ssync
