#include "worker/subrequest.h"

#include <algorithm>

#include "common/errors.h"
#include "common/python_text.h"
#include "worker/http_status.h"
#include "worker/reserved_namespace.h"

namespace ssync {
namespace {

constexpr char kNotEnoughValues[] = "not enough values to unpack (expected 2, got 1)";
std::string environment_key(std::string_view name) {
  std::string key = python::upper_ascii(name);
  std::replace(key.begin(), key.end(), '-', '_');
  return key;
}

std::string title_of(const std::string& key) {
  std::string name = key;
  std::replace(name.begin(), name.end(), '_', '-');
  return python::title_ascii(name);
}

// What urllib.parse.urlparse leaves as the path: without fragment, query, the last segment's
// parameters, and the characters that it removes from any URL.
std::string url_path(std::string url) {
  std::erase_if(url, [](char c) { return c == '\t' || c == '\r' || c == '\n'; });
  url.resize(std::min(url.find('#'), url.size()));
  url.resize(std::min(url.find('?'), url.size()));
  const std::size_t last = url.rfind('/');
  url.resize(std::min(url.find(';', last == std::string::npos ? 0 : last), url.size()));
  return url;
}

}  // namespace

SubrequestHeaders::SubrequestHeaders() : environment_{{"HOST", "localhost:80"}} {}

void SubrequestHeaders::set(std::string_view name, std::string value) {
  std::string key = environment_key(name);
  const auto item = std::find_if(environment_.begin(), environment_.end(),
                                 [&](const auto& candidate) { return candidate.first == key; });
  if (item == environment_.end()) {
    environment_.emplace_back(std::move(key), std::move(value));
  } else {
    item->second = std::move(value);
  }
}

void SubrequestHeaders::erase(std::string_view name) {
  const std::string key = environment_key(name);
  std::erase_if(environment_, [&](const auto& item) { return item.first == key; });
}

const std::string* SubrequestHeaders::find(std::string_view name) const {
  const std::string key = environment_key(name);
  const auto item = std::find_if(environment_.begin(), environment_.end(),
                                 [&](const auto& candidate) { return candidate.first == key; });
  return item == environment_.end() ? nullptr : &item->second;
}

const std::string& SubrequestHeaders::value_or_empty(std::string_view name) const {
  static const std::string empty;
  const std::string* value = find(name);
  return value == nullptr ? empty : *value;
}

std::vector<std::pair<std::string, std::string>> SubrequestHeaders::items() const {
  std::vector<std::pair<std::string, std::string>> items;
  std::vector<std::pair<std::string, std::string>> last;
  for (const auto& [key, value] : environment_) {
    // WSGI keeps these two apart from the other headers, and swob lists them last.
    auto& list = key == "CONTENT_LENGTH" || key == "CONTENT_TYPE" ? last : items;
    list.emplace_back(title_of(key), value);
  }
  std::sort(last.begin(), last.end());
  items.insert(items.end(), std::make_move_iterator(last.begin()), std::make_move_iterator(last.end()));
  return items;
}

Subrequest::Subrequest(std::string_view line) : context(line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) throw ValueError(kNotEnoughValues);
  method = line.substr(0, space);
  path = line.substr(space + 1);
}

void Subrequest::add_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) throw ValueError(kNotEnoughValues);
  std::string name = python::lower_ascii(python::strip(line.substr(0, colon)));
  std::string value(python::strip(line.substr(colon + 1)));
  headers.set(name, value);
  if (name == "content-length") content_length = python::parse_int(value, 10);
  if (name != "etag" && name != "x-backend-no-commit") replication_headers.push_back(std::move(name));
}

void Subrequest::add_backend_headers(const StoragePolicy& policy,
                                     const std::optional<std::int64_t>& frag_index) {
  headers.set("X-Backend-Storage-Policy-Index", std::to_string(policy.index));
  headers.set("X-Backend-Replication", "True");
  if (frag_index) headers.set("X-Backend-Ssync-Frag-Index", std::to_string(*frag_index));
  if (replication_headers.empty()) return;
  std::string names;
  for (const std::string& name : replication_headers) {
    if (!names.empty()) names += ' ';
    names += name;
  }
  headers.set("X-Backend-Replication-Headers", std::move(names));
}

ObjectName parse_subrequest_path(const std::string& device, const std::string& partition,
                                 const std::string& path, const std::string& auto_create_account_prefix) {
  const std::string decoded = python::unquote(url_path("/" + device + "/" + partition + path));
  if (decoded.empty() || !python::is_utf8(decoded)) {
    throw HttpError(standard_answer(412));
  }
  auto segments = split_path(decoded, 5, 5, Rest::with_last);
  if (!segments || (*segments)[0] != device || (*segments)[1] != partition) {
    throw HttpError(text_answer(400, "Invalid path: " + python::quote(decoded)));
  }
  ObjectName name{std::move((*segments)[2]), std::move((*segments)[3]), std::move((*segments)[4])};
  check_reserved_namespace(name, auto_create_account_prefix);
  return name;
}

}  // namespace ssync
