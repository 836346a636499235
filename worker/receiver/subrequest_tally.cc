#include "worker/receiver/subrequest_tally.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "common/os/log.h"
#include "common/python/errors.h"

namespace ssync {

SubrequestTally::SubrequestTally(const UpdateTarget& target, std::string log_prefix)
    : target_(target), log_prefix_(std::move(log_prefix)) {}

SubrequestTally::~SubrequestTally() {
  try {
    target_.commits.finish();
    take_results();
    for (const Waiting& subrequest : waiting_) {
      if (!subrequest.answer.is_replication_success()) log_failure(subrequest);
    }
  } catch (const std::exception& error) {
    log::error("{} {}", log_prefix_, error.what());
  }
}

void SubrequestTally::add(const std::string& context, UpdateAnswer answer) {
  if (!answer.answer.is_replication_success()) ++waiting_failures_;
  if (!answer.ticket && answer.timer) answer.timer->returned(answer.answer.status);
  waiting_.push_back({.context = context,
                      .answer = std::move(answer.answer),
                      .ticket = answer.ticket,
                      .timer = std::move(answer.timer)});
  take_results();
  count_known();
  // Only now can pending outcomes decide.
  if (waiting_failures_ != 0 &&
      failures_ + waiting_failures_ >= target_.settings.replication_failure_threshold) {
    finish();
  }
}

void SubrequestTally::log_failure(const Waiting& subrequest) const {
  const auto level = subrequest.answer.status >= 500 ? log::Level::error : log::Level::warning;
  log::write(level, "{} subrequest failed with {}: {} ({})", log_prefix_, subrequest.answer.status,
             subrequest.context, subrequest.answer.body);
}

void SubrequestTally::finish() {
  target_.commits.finish();
  take_results();
  count_known();
}

void SubrequestTally::take_results() {
  auto next = waiting_.begin();
  for (const CommitResult& result : target_.commits.take_results()) {
    // Both lists are ordered by ticket.
    next = std::find_if(next, waiting_.end(),
                        [&](const Waiting& subrequest) { return subrequest.ticket == result.ticket; });
    if (next == waiting_.end()) throw std::logic_error("commit result for an unknown subrequest");
    next->ticket.reset();
    if (result.failure) {
      if (next->answer.is_replication_success()) ++waiting_failures_;
      next->answer = answer_failure(result.failure);
      if (!is_returned(result.failure, "")) next->timer.reset();
    }
    if (next->timer) next->timer->returned(next->answer.status, result.known_at);
  }
}

void SubrequestTally::count_known() {
  while (!waiting_.empty() && !waiting_.front().ticket) {
    const Waiting subrequest = std::move(waiting_.front());
    waiting_.pop_front();
    count(subrequest);
  }
}

void SubrequestTally::count(const Waiting& subrequest) {
  const ReceiverSettings& settings = target_.settings;
  if (subrequest.answer.is_replication_success()) {
    ++successes_;
  } else {
    --waiting_failures_;
    ++failures_;
    log_failure(subrequest);
  }
  if (failures_ >= settings.replication_failure_threshold &&
      (successes_ == 0 || static_cast<double>(failures_) / successes_ > settings.replication_failure_ratio)) {
    throw ValueError(fmt::format("Too many {} failures to {} successes", failures_, successes_));
  }
}

}  // namespace ssync
