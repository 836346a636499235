#include "worker/replicator/remote_hashes.h"

#include <utility>

#include "common/os/log.h"
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

std::optional<SuffixHashes> ask_suffix_hashes(const RingDevice& node, const ReplicationJob& job,
                                              PeerRequests& peers) {
  const PeerAnswer answer = peers.ask(node, *job.policy, "REPLICATE", "/" + job.partition);
  if (answer.head.status != 200) {
    log::error("Invalid response {} from {}", answer.head.status, node_text(node));
    return std::nullopt;
  }
  return parse_remote_hashes(answer.body);
}

std::vector<std::string> differing_suffixes(const SuffixHashes& ours, const SuffixHashes& theirs) {
  std::vector<std::string> suffixes;
  for (const auto& [suffix, hash] : ours) {
    const auto their = theirs.find(suffix);
    if (their == theirs.end() || their->second != hash) suffixes.push_back(suffix);
  }
  return suffixes;
}

}  // namespace ssync
