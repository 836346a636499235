// UTF-8, one code point at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ssync::python {

// Appends the one to four bytes of a code point. A surrogate gets its three, like 'surrogatepass'.
void append_utf8(std::string& out, char32_t point);

struct Decoded {
  char32_t point = 0;
  // 0 where no valid sequence starts.
  std::size_t length = 0;
};

// The code point that bytes begin with, as Python decodes it: no surrogate, no overlong form, nothing above
// U+10FFFF. bytes must not be empty.
Decoded decode_utf8(std::string_view bytes);

// str.isspace() of one code point.
bool is_str_space(char32_t point);

}  // namespace ssync::python
