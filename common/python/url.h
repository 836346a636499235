// Percent-encoding as urllib.parse does it.
#pragma once

#include <string>
#include <string_view>

namespace ssync::python {

// urllib.parse.unquote_to_bytes(): %XX decoded, malformed escapes kept.
std::string unquote(std::string_view text);

// urllib.parse.quote(text) with safe='/' and urllib.parse.quote_plus(text) with safe=''.
std::string quote(std::string_view bytes);
std::string quote_plus(std::string_view bytes);

}  // namespace ssync::python
