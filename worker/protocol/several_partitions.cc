#include "worker/protocol/several_partitions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>

namespace ssync {
namespace {

constexpr std::size_t kMostDigits = 10;

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= kMostDigits &&
         std::ranges::all_of(text, [](char digit) { return digit >= '0' && digit <= '9'; });
}

// The part before the next comma, which is removed with it.
std::string_view take_part(std::string_view& rest) {
  const std::size_t end = std::min(rest.find(','), rest.size());
  const std::string_view part = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return part;
}

}  // namespace

std::string several_partitions_header(const std::vector<std::string_view>& partitions) {
  return fmt::format("{}: {}\r\n", kSeveralPartitions, fmt::join(partitions, ","));
}

std::vector<std::string> parse_several_partitions(std::string_view value) {
  std::vector<std::string> partitions;
  while (!value.empty()) {
    const std::string_view partition = take_part(value);
    if (!is_number(partition) || partitions.size() == kMostPartitionsOfOne) return {};
    partitions.emplace_back(partition);
  }
  return partitions;
}

std::string answered_partitions_header(const std::vector<std::pair<std::string, std::size_t>>& lengths) {
  std::string line(kSeveralPartitions);
  std::string_view separator = ": ";
  for (const auto& [partition, size] : lengths) {
    line.append(separator).append(partition).append("=").append(std::to_string(size));
    separator = ",";
  }
  return line + "\r\n";
}

std::optional<std::vector<AnswerPiece>> split_answer(std::string_view value, std::string_view body) {
  std::vector<AnswerPiece> pieces;
  while (!value.empty()) {
    const std::string_view part = take_part(value);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view length = part.substr(equals + 1);
    std::size_t size = 0;
    if (!is_number(length)) return std::nullopt;
    std::from_chars(length.data(), length.data() + length.size(), size);
    if (size > body.size()) return std::nullopt;
    pieces.push_back({.partition = part.substr(0, equals), .body = body.substr(0, size)});
    body.remove_prefix(size);
  }
  if (!body.empty()) return std::nullopt;
  return pieces;
}

}  // namespace ssync
