#include "worker/serve/replication_request.h"

#include <chrono>
#include <exception>
#include <string_view>
#include <utility>
#include <vector>

#include "common/layout/object_name.h"
#include "common/os/log.h"
#include "common/python/errors.h"
#include "common/python/number.h"
#include "common/python/pickle.h"
#include "common/python/repr.h"
#include "common/python/text.h"
#include "common/store/suffix_hashes.h"
#include "worker/http/errors.h"
#include "worker/http/status.h"
#include "worker/protocol/several_partitions.h"
#include "worker/request/target.h"

namespace ssync {
namespace {

std::optional<std::int64_t> requested_frag_index(const RequestHead& head) {
  if (!head.frag_index || head.frag_index->empty()) return std::nullopt;
  try {
    return python::parse_int(*head.frag_index, 10);
  } catch (const ValueError&) {
    throw HttpError(HttpAnswer{.status = 400,
                               .body = "Invalid X-Backend-Ssync-Frag-Index " +
                                       python::repr_text(python::latin1_to_utf8(*head.frag_index))});
  }
}

std::vector<std::string> split_suffixes(std::string_view text) {
  std::vector<std::string> suffixes;
  for (;;) {
    const std::size_t end = text.find('-');
    suffixes.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return suffixes;
    text.remove_prefix(end + 1);
  }
}

// Those asked for beside a request's own partition are left out, to be asked for by themselves, once these
// are exceeded.
constexpr std::chrono::milliseconds kLongestForOthers{50};
constexpr std::size_t kMostBytes = std::size_t{1} << 20U;

std::string hashes_pickle(const Partition& partition, DiskThreads& threads) {
  return pickle::dump(pickle::Value{partition_hashes(partition, threads)});
}

// The answer with the hashes of the partitions that it is asked for besides.
HttpAnswer with_others(std::string first, const Partition& partition, const RequestHead& head,
                       DiskThreads& threads) {
  HttpAnswer answer{.status = 200, .body = std::move(first)};
  // A name that is no number would not be one in the header.
  if (!head.partitions || parse_several_partitions(partition.name).size() != 1) return answer;
  using Clock = std::chrono::steady_clock;
  const Clock::time_point end = Clock::now() + kLongestForOthers;
  std::vector<std::pair<std::string, std::size_t>> lengths{{partition.name, answer.body.size()}};
  for (const std::string& name : parse_several_partitions(*head.partitions)) {
    if (name == partition.name) continue;
    if (Clock::now() > end || answer.body.size() > kMostBytes) break;
    Partition other = partition;
    other.name = name;
    try {
      const std::string hashes = hashes_pickle(other, threads);
      lengths.emplace_back(name, hashes.size());
      answer.body += hashes;
    } catch (const std::exception&) {
      // Who asks for it by itself is told.
    }
  }
  answer.other_headers = answered_partitions_header(lengths);
  return answer;
}

}  // namespace

SessionRequest check_session(const RequestHead& head, const Configuration& configuration) {
  const std::string path = decoded_path(head);
  const bool is_session = head.method == "SSYNC" || head.method == "REPLICATION";
  if (!is_session || !configuration.settings.receiver.replication_server) {
    throw HttpError(standard_answer(405));
  }
  const StoragePolicy& policy = requested_policy(head, configuration.swift);
  std::vector<std::string> segments = path_segments(path, 2, 2, Rest::refuse);
  return SessionRequest{
      .policy = policy, .segments = std::move(segments), .frag_index = requested_frag_index(head)};
}

Session open_session(const SessionRequest& request, const RequestHead& head,
                     const Configuration& configuration) {
  return Session{.settings = configuration.settings.receiver,
                 .partition = requested_partition(request.segments, request.policy, configuration),
                 .device = request.segments[0],
                 .dialect = head.method == "SSYNC" ? Dialect::ssync : Dialect::replication_2013,
                 .frag_index = request.frag_index,
                 .tell_held = head.method == "SSYNC" && request.policy.type == PolicyType::replication &&
                              head.tell_held && python::is_true(*head.tell_held),
                 .list_follows = head.list_follows && python::is_true(*head.list_follows),
                 .remote_addr = head.remote_addr};
}

HttpAnswer answer_replicate(const RequestHead& head, const Configuration& configuration,
                            DiskThreads& threads) {
  const std::string path = decoded_path(head);
  if (!configuration.settings.receiver.replication_server) throw HttpError(standard_answer(405));
  const StoragePolicy& policy = requested_policy(head, configuration.swift);
  const std::vector<std::string> segments = path_segments(path, 2, 3, Rest::with_last);
  const Partition partition = requested_partition(segments, policy, configuration);
  try {
    if (segments.size() > 2 && !segments[2].empty()) {
      invalidate_suffixes(partition, split_suffixes(segments[2]));
      return {.status = 200, .body = pickle::dump(pickle::Value{pickle::None{}})};
    }
    return with_others(hashes_pickle(partition, threads), partition, head, threads);
  } catch (const std::exception& error) {
    log::error("ERROR REPLICATE {}: {}", head.uri, error.what());
    throw HttpError(HttpAnswer{.status = 500, .body = error.what()});
  }
}

}  // namespace ssync
