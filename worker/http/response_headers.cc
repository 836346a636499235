#include "worker/http/response_headers.h"

#include <algorithm>

#include "common/python/errors.h"
#include "common/python/repr.h"
#include "common/python/text.h"
#include "worker/http/header_text.h"
#include "worker/http/status.h"

namespace ssync {
namespace {

// HeaderKeyDict's spelling: names with the same spelling are the same header.
std::string key_of(std::string_view name) { return python::title_ascii(name); }

// Eventlet's spelling: each word between hyphens starts with a capital letter.
std::string capitalized(std::string_view name) {
  std::string result = python::lower_ascii(name);
  bool starts_word = true;
  for (char& c : result) {
    if (starts_word && c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    starts_word = c == '-';
  }
  return result;
}

}  // namespace

void ResponseHeaders::set(std::string_view name, std::string value) {
  std::string key = key_of(name);
  const auto item =
      std::find_if(items_.begin(), items_.end(), [&](const auto& other) { return other.first == key; });
  if (item == items_.end()) {
    items_.emplace_back(std::move(key), std::move(value));
  } else {
    item->second = std::move(value);
  }
}

void ResponseHeaders::erase(std::string_view name) {
  std::erase_if(items_, [key = key_of(name)](const auto& item) { return item.first == key; });
}

const std::string* ResponseHeaders::find(std::string_view name) const {
  const auto item = std::find_if(items_.begin(), items_.end(),
                                 [key = key_of(name)](const auto& other) { return other.first == key; });
  return item == items_.end() ? nullptr : &item->second;
}

std::string ResponseHeaders::head(int status) const {
  std::string head = "Status: " + std::to_string(status);
  head.append(" ").append(status_title(status)).append("\r\n");
  for (const auto& [name, value] : items_) {
    if (!can_be_a_header_name(name) || !can_be_a_header_value(value)) {
      throw ValueError("invalid HTTP header " + python::repr_bytes(name) + ": " + python::repr_bytes(value));
    }
    head.append(capitalized(name)).append(": ").append(value).append("\r\n");
  }
  return head += "\r\n";
}

}  // namespace ssync
