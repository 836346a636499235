// The headers of a subrequest, as Swift's object server sees them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ssync {

// Headers as in a WSGI environment: '-' and '_', and upper and lower case, are equal; the last of several
// values wins and keeps the first one's place. Names and values are bytes.
class SubrequestHeaders {
 public:
  SubrequestHeaders();

  void set(std::string_view name, std::string value);
  void erase(std::string_view name);
  [[nodiscard]] const std::string* find(std::string_view name) const;
  // The value, or an empty string.
  [[nodiscard]] const std::string& value_or_empty(std::string_view name) const;
  // Names in title case ("X-Object-Meta-Color") in the order of swob's HeaderEnvironProxy.
  [[nodiscard]] std::vector<std::pair<std::string, std::string>> items() const;

 private:
  std::vector<std::pair<std::string, std::string>> environment_;
};

}  // namespace ssync
