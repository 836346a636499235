#include "worker/http/conditional_request.h"

#include "worker/http/date.h"
#include "worker/http/etag_list.h"

namespace ssync {
namespace {

constexpr int kNotModified = 304;
constexpr int kPreconditionFailed = 412;

std::optional<HttpDate> date_of(const std::optional<std::string>& header) {
  return header ? parse_http_date(*header) : std::nullopt;
}

}  // namespace

std::optional<int> unmet_condition(const Conditions& conditions, const std::string& etag,
                                   std::int64_t modified) {
  if (!etag.empty()) {
    if (conditions.if_none_match && etag_list_has(*conditions.if_none_match, etag)) return kNotModified;
    if (conditions.if_match && !etag_list_has(*conditions.if_match, etag)) return kPreconditionFailed;
  }
  const HttpDate last_modified = http_date(modified);
  const auto modified_since = date_of(conditions.if_modified_since);
  if (modified_since && last_modified <= *modified_since) return kNotModified;
  const auto unmodified_since = date_of(conditions.if_unmodified_since);
  if (unmodified_since && last_modified > *unmodified_since) return kPreconditionFailed;
  return std::nullopt;
}

std::optional<int> unmet_condition_of_nothing(const Conditions& conditions) {
  if (conditions.if_match && etag_list_has(*conditions.if_match, "*")) return kPreconditionFailed;
  return std::nullopt;
}

}  // namespace ssync
