// Python's repr(), which Swift uses in messages to peers and in logs.
#pragma once

#include <string>
#include <string_view>

namespace ssync::python {

// repr() of a bytes object: b'…' with Python's choice of quotes and escapes.
std::string repr_bytes(std::string_view bytes);

// repr() of the str that these UTF-8 bytes decode to (printable non-ASCII is kept, as Python
// does for Latin-1 and common letters; undecodable bytes print as \udcXX surrogate escapes).
std::string repr_text(std::string_view utf8);

}  // namespace ssync::python
