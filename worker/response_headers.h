// The headers of a response, as swob and eventlet print them.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ssync {

// Names are unique: a header set again keeps its place and takes the new value. Names and values are the
// bytes of the wire.
class ResponseHeaders {
 public:
  void set(std::string_view name, std::string value);
  void erase(std::string_view name);
  [[nodiscard]] const std::string* find(std::string_view name) const;

  // "Status: 200 OK\r\n", the headers ("X-Object-Meta-Color: red\r\n" …) and the empty line. Throws
  // ValueError for a name or value that HTTP, or nginx, cannot carry: a line end or a NUL in either, a blank,
  // a control character or a colon in a name.
  [[nodiscard]] std::string head(int status) const;

 private:
  std::vector<std::pair<std::string, std::string>> items_;
};

}  // namespace ssync
