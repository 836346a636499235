#include "worker/protocol/subrequest_headers.h"

#include <algorithm>
#include <iterator>

#include "common/python/text.h"

namespace ssync {
namespace {

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
    // WSGI stores these two separately from the other headers, and swob lists them last.
    auto& list = key == "CONTENT_LENGTH" || key == "CONTENT_TYPE" ? last : items;
    list.emplace_back(title_of(key), value);
  }
  std::sort(last.begin(), last.end());
  items.insert(items.end(), std::make_move_iterator(last.begin()), std::make_move_iterator(last.end()));
  return items;
}

}  // namespace ssync
