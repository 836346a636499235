#include "worker/replicator/remote_hashes.h"

#include <utility>

#include "common/python/errors.h"

namespace ssync {
namespace {

// Python 2 sends text as bytes.
std::optional<std::string> text_of(const pickle::Value& value) {
  if (const auto* text = std::get_if<pickle::Text>(&value.data)) return text->utf8;
  if (const auto* bytes = std::get_if<pickle::Bytes>(&value.data)) return bytes->data;
  return std::nullopt;
}

}  // namespace

SuffixHashes suffix_hashes_of(const pickle::Dict& hashes) {
  SuffixHashes result;
  for (const auto& [key, value] : hashes) {
    const auto suffix = text_of(key);
    if (!suffix) throw ValueError("a suffix that is no text");
    const auto hash = text_of(value);
    if (!hash && !std::holds_alternative<pickle::None>(value.data)) {
      throw ValueError("a hash that is no text");
    }
    result.insert_or_assign(*suffix, hash);
  }
  return result;
}

SuffixHashes parse_remote_hashes(std::string_view body) {
  const pickle::Value value = pickle::load(body);
  const auto* const hashes = std::get_if<pickle::Dict>(&value.data);
  if (hashes == nullptr) throw ValueError("no dictionary of suffixes");
  return suffix_hashes_of(*hashes);
}

}  // namespace ssync
