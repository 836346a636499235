// REPLICATE of several partitions in one request, which receivers of ours answer in one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ssync {

// The header of the request, and of the answer. In lower case as HttpResponseHead::find() wants it.
inline constexpr std::string_view kSeveralPartitions = "X-Backend-Ssync-Partitions";
inline constexpr std::string_view kSeveralPartitionsAnswer = "x-backend-ssync-partitions";

inline constexpr std::size_t kMostPartitionsOfOne = 32;

// The request's header line: "X-Backend-Ssync-Partitions: 7,12\r\n".
std::string several_partitions_header(const std::vector<std::string_view>& partitions);

// The partitions of such a header's value; empty if it is none: numbers of up to ten digits, at most
// kMostPartitionsOfOne of them.
std::vector<std::string> parse_several_partitions(std::string_view value);

// The answer's header line, "X-Backend-Ssync-Partitions: 7=160,12=3399\r\n": of each partition in the body,
// in order, how many bytes of it.
std::string answered_partitions_header(const std::vector<std::pair<std::string, std::size_t>>& lengths);

struct AnswerPiece {
  std::string_view partition;
  std::string_view body;
};

// The pieces of an answer's body, by the value of its header. nullopt if they do not make up all of it. They
// refer to both arguments.
std::optional<std::vector<AnswerPiece>> split_answer(std::string_view value, std::string_view body);

}  // namespace ssync
