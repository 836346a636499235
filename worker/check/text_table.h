// Aligned columns of plain text.
#pragma once

#include <string>
#include <vector>

namespace ssync {

// Rows of cells as lines, with two spaces before each and between cells. Control characters are escaped. A
// cell is as wide as it has characters of UTF-8.
std::string text_table(const std::vector<std::vector<std::string>>& rows);

// A number of bytes as "1.8 TiB".
std::string size_text(double bytes);

}  // namespace ssync
