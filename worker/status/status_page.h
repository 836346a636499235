// The page /ssync/.
#pragma once

#include <string_view>

namespace ssync {

// One HTML file without others: status_page.html, as it is built in.
std::string_view status_page();

// Its Content-Security-Policy, which allows the page's own script and style, by their hashes, and requests to
// where it came from.
std::string_view status_page_policy();

}  // namespace ssync
