#include "worker/http/etag_list.h"

#include <algorithm>

#include "common/python/text.h"

namespace ssync {

std::string unquoted_etag(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

bool etag_list_has(std::string_view list, std::string_view etag) {
  const std::string wanted = unquoted_etag(etag);
  return std::ranges::any_of(python::list_from_csv(list, python::strip), [&](std::string_view tag) {
    const std::string candidate = unquoted_etag(tag);
    return candidate == "*" || candidate == wanted;
  });
}

}  // namespace ssync
