#include "worker/protocol/markers.h"

namespace ssync {
namespace {

constexpr std::string_view kError = ":ERROR:";

}  // namespace

std::string error_line(int status, std::string_view repr) {
  return std::string(kError).append(" ").append(std::to_string(status)).append(" ").append(repr).append("\n");
}

bool is_error_line(std::string_view line) { return line.starts_with(kError); }

std::string_view quotable(std::string_view line) {
  constexpr std::size_t kLongestQuote = 1024;
  return line.substr(0, kLongestQuote);
}

}  // namespace ssync
