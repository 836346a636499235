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
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view tag = python::strip(list.substr(0, comma));
    if (!tag.empty()) {
      const std::string candidate = unquoted_etag(tag);
      if (candidate == "*" || candidate == wanted) return true;
    }
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

}  // namespace ssync
