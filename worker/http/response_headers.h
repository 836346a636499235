// The headers of a response, formatted as by swob and eventlet.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ssync {

// Names are unique: setting a header again keeps its place and replaces its value. Names and values are bytes
// as on the wire.
class ResponseHeaders {
 public:
  void set(std::string_view name, std::string value);
  void erase(std::string_view name);
  [[nodiscard]] const std::string* find(std::string_view name) const;

  // "Status: 200 OK\r\n", the headers ("X-Object-Meta-Color: red\r\n" …) and the empty line. Throws
  // ValueError for a name or value that is invalid for HTTP or nginx: a line end or NUL in either, a space,
  // control character or colon in a name.
  [[nodiscard]] std::string head(int status) const;

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

}  // namespace ssync
