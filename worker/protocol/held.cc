#include "worker/protocol/held.h"

#include <vector>

#include "common/python/errors.h"
#include "common/python/repr.h"
#include "common/python/text.h"
#include "worker/protocol/markers.h"

namespace ssync {
namespace {

constexpr std::string_view kData = "data";
constexpr std::string_view kDeleted = "deleted";
constexpr std::size_t kWords = 4;

[[noreturn]] void refuse(std::string_view line) {
  throw ValueError("no line about an object that is held: " + python::repr_bytes(quotable(line)));
}

}  // namespace

HeldObject parse_held(std::string_view line) {
  const std::vector<std::string_view> words = python::split_words(line, kWords + 1);
  if (words.size() != kWords || (words[1] != kData && words[1] != kDeleted)) refuse(line);
  const auto hash = parse_object_hash(words[0]);
  if (!hash) refuse(line);
  return {.hash = *hash,
          .is_deleted = words[1] == kDeleted,
          .data = Timestamp::parse(words[2]),
          .meta = Timestamp::parse(words[3])};
}

void append_held(const HeldObject& held, std::string& text) {
  append_object_hash(held.hash, text);
  text.append(1, ' ')
      .append(held.is_deleted ? kDeleted : kData)
      .append(1, ' ')
      .append(held.data.internal())
      .append(1, ' ')
      .append(held.meta.internal())
      .append(kLineEnd);
}

}  // namespace ssync
