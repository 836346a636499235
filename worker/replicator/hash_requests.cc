#include "worker/replicator/hash_requests.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "worker/protocol/several_partitions.h"
#include "worker/sender/errors.h"

namespace ssync {
namespace {

// The answer for this piece of the body of one for several.
PeerAnswer part_of(const PeerAnswer& answer, std::string_view body) {
  return {.head = answer.head, .body = std::string(body)};
}

}  // namespace

PeerAnswer HashRequests::ask(const RingDevice& node, const StoragePolicy& policy,
                             const std::string& partition) {
  std::unique_lock lock(mutex_);
  Device& device = devices_[node_text(node) + "/" + std::to_string(policy.index)];
  if (!device.answers_several) {
    lock.unlock();
    PeerAnswer answer = ask_for(node, policy, partition, {});
    if (answer.is_from_ours()) {
      lock.lock();
      device.answers_several = true;
    }
    return answer;
  }
  if (!device.is_asked) return lead(lock, device, node, policy, partition);
  Waiting self{.partition = partition};
  device.waiting.push_back(&self);
  self.changed.wait_for(lock, patience_, [&] { return self.is_over || self.is_asked_for; });
  if (!self.is_over && !self.is_asked_for) {
    device.waiting.remove(&self);
    lock.unlock();
    return ask_for(node, policy, partition, {});
  }
  // The request has its own limit of time.
  self.changed.wait(lock, [&] { return self.is_over; });
  if (!self.is_asked_for) return lead(lock, device, node, policy, partition);
  lock.unlock();
  if (self.failure) std::rethrow_exception(self.failure);
  return self.answer ? *std::move(self.answer) : ask_for(node, policy, partition, {});
}

// Asks for this partition and those of all who wait now. The turn then goes to one of those who came
// meanwhile.
PeerAnswer HashRequests::lead(std::unique_lock<std::mutex>& lock, Device& device, const RingDevice& node,
                              const StoragePolicy& policy, const std::string& partition) {
  device.is_asked = true;
  std::vector<Waiting*> others;
  while (!device.waiting.empty() && others.size() + 1 < kMostPartitionsOfOne) {
    others.push_back(device.waiting.front());
    others.back()->is_asked_for = true;
    device.waiting.pop_front();
  }
  lock.unlock();
  std::optional<PeerAnswer> answer;
  std::exception_ptr failure;
  try {
    answer = ask_for(node, policy, partition, others);
  } catch (...) {
    failure = std::current_exception();
  }
  lock.lock();
  // Another server may listen there by now.
  if (answer && !answer->is_from_ours()) device.answers_several = false;
  for (Waiting* const other : others) {
    other->failure = failure;
    other->is_over = true;
    other->changed.notify_one();
  }
  device.is_asked = !device.waiting.empty();
  if (device.is_asked) {
    Waiting* const next = device.waiting.front();
    device.waiting.pop_front();
    next->is_over = true;
    next->changed.notify_one();
  }
  lock.unlock();
  if (failure) std::rethrow_exception(failure);
  return *std::move(answer);
}

// Of others, those that the answer tells of have theirs then.
PeerAnswer HashRequests::ask_for(const RingDevice& node, const StoragePolicy& policy,
                                 const std::string& partition, const std::vector<Waiting*>& others) {
  std::vector<std::string_view> partitions{partition};
  for (const Waiting* other : others) partitions.push_back(other->partition);
  PeerAnswer answer =
      peers_.ask(node, policy, "REPLICATE", "/" + partition, several_partitions_header(partitions));
  const std::string* const told = answer.head.find(kSeveralPartitionsAnswer);
  if (answer.head.status != 200 || told == nullptr) return answer;
  const auto pieces = split_answer(*told, answer.body);
  if (!pieces || pieces->empty() || pieces->front().partition != partition) {
    throw ReceiverRefused(node_text(node) + ": its answer is not that of the partitions asked for");
  }
  for (Waiting* const other : others) {
    const auto piece = std::ranges::find(*pieces, other->partition, &AnswerPiece::partition);
    if (piece != pieces->end()) other->answer = part_of(answer, piece->body);
  }
  answer.body = std::string(pieces->front().body);
  return answer;
}

}  // namespace ssync
