#include "worker/object/subrequest_path.h"

#include <algorithm>
#include <utility>

#include "common/python/errors.h"
#include "common/python/text.h"
#include "common/python/url.h"
#include "worker/http/errors.h"
#include "worker/request/reserved_namespace.h"

namespace ssync {
namespace {

// The path according to urllib.parse.urlparse: without fragment, query, the last segment's parameters, and
// the characters that it removes from any URL.
std::string url_path(std::string url) {
  std::erase_if(url, [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
  url.resize(std::min(url.find('#'), url.size()));
  url.resize(std::min(url.find('?'), url.size()));
  const std::size_t last = url.rfind('/');
  url.resize(std::min(url.find(';', last == std::string::npos ? 0 : last), url.size()));
  return url;
}

}  // namespace

ObjectName parse_subrequest_path(const std::string& device, const std::string& partition,
                                 const std::string& path, const std::string& auto_create_account_prefix) {
  const std::string decoded = python::unquote(url_path("/" + device + "/" + partition + path));
  if (decoded.empty() || !python::is_utf8(decoded)) throw HttpError(standard_answer(412));
  auto segments = split_path(decoded, 5, 5, Rest::with_last);
  if (!segments || (*segments)[0] != device || (*segments)[1] != partition) {
    throw HttpError(text_answer(400, "Invalid path: " + python::quote(decoded)));
  }
  ObjectName name{std::move((*segments)[2]), std::move((*segments)[3]), std::move((*segments)[4])};
  check_reserved_namespace(name, auto_create_account_prefix);
  return name;
}

void require_no_empty_segment(const std::string& device, const std::string& partition,
                              const std::string& path) {
  const std::string decoded = python::unquote(url_path("/" + device + "/" + partition + path));
  const auto segments = split_path(decoded, 1, 5, Rest::with_last);
  if (!segments || segments->empty()) return;
  if (std::all_of(segments->begin(), segments->end() - 1,
                  [](const std::string& one) { return !one.empty(); })) {
    return;
  }
  // Quoted twice, as there.
  throw ValueError("Invalid path: " + python::quote(python::quote(decoded)));
}

}  // namespace ssync
