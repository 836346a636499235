#include "worker/replicator/pass_board.h"

#include <unistd.h>

#include <algorithm>
#include <utility>

#include "common/layout/timestamp.h"
#include "worker/replicator/peer_requests.h"
#include "worker/replicator/stats_lines.h"
#include "worker/replicator_report/report_json.h"

namespace ssync {
namespace {

constexpr const char* kFindingPartitions = "finding partitions";
constexpr const char* kReplicating = "replicating";
constexpr const char* kWaiting = "waiting";

const char* text_of(JobState state) {
  switch (state) {
    case JobState::hashing:
      return "hashing";
    case JobState::comparing:
      return "comparing";
    case JobState::waiting_for_turn:
      return "waiting for its turn";
    case JobState::locking:
      return "locking";
    case JobState::listing:
      return "listing";
    case JobState::connecting:
      return "connecting";
    case JobState::offering:
      return "offering";
    case JobState::answer:
      return "waiting for the answer";
    case JobState::sending:
      return "sending";
    case JobState::confirming:
      return "confirming";
    case JobState::removing:
      return "removing";
  }
  return "";
}

// In these it may be that the peer has no room.
bool asks_peer(JobState state) {
  return state == JobState::comparing || state == JobState::confirming || state == JobState::connecting;
}

double epoch_now() { return Timestamp::now().seconds(); }

double seconds_between(std::chrono::steady_clock::time_point from, std::chrono::steady_clock::time_point to) {
  return std::chrono::duration<double>(to - from).count();
}

std::int64_t whole(std::uint64_t count) { return static_cast<std::int64_t>(count); }

}  // namespace

void PassBoard::Recent::add(Clock::time_point now) {
  const std::int64_t number = number_of(now);
  Step& step = steps_[static_cast<std::size_t>(number) % kSteps];
  if (step.number != number) step = {.number = number, .count = 0};
  ++step.count;
}

double PassBoard::Recent::rate(Clock::time_point now, Clock::time_point since) const {
  const std::int64_t last = number_of(now);
  const std::int64_t first = std::max(number_of(since), last - static_cast<std::int64_t>(kSteps) + 1);
  std::int64_t count = 0;
  for (const Step& step : steps_) {
    if (step.number >= first && step.number <= last) count += step.count;
  }
  const double seconds = seconds_between(std::max(since, Clock::time_point(first * kStep)), now);
  return seconds <= 0 ? 0 : static_cast<double>(count) / seconds;
}

PassBoard::PassBoard(const ReplicatorSettings& settings, std::size_t process, std::size_t processes)
    : settings_(settings), started_(epoch_now()), process_(process), processes_(processes) {}

void PassBoard::begin_pass(Mode mode) {
  const std::lock_guard lock(mutex_);
  mode_ = mode;
  pass_ = {.number = pass_.number + 1, .state = kFindingPartitions, .begun = epoch_now()};
  pass_begun_ = Clock::now();
  is_pass_over_ = false;
  ended_early_.clear();
  recent_ = {};
  for (auto& [name, device] : devices_) {
    device.partitions = device.done = device.handoffs_left = 0;
  }
}

void PassBoard::expect(const LocalPartitions& partitions) {
  struct Counts {
    std::int64_t partitions = 0;
    std::int64_t handoffs = 0;
  };
  std::map<std::string, Counts> counts;
  const LocalDevice* last = nullptr;
  Counts* of_last = nullptr;
  for (const LocalDevice& device : partitions.devices) counts[device.name];
  for (const WaitingPartition& partition : partitions.waiting) {
    if (of_last == nullptr || partition.device != last) {
      last = partition.device;
      of_last = &counts[last->name];
    }
    ++of_last->partitions;
    if (partition.is_handoff) ++of_last->handoffs;
  }
  const std::lock_guard lock(mutex_);
  pass_.state = kReplicating;
  devices_left_out_ = 0;
  for (const auto& [name, count] : counts) {
    pass_.partitions += count.partitions;
    pass_.handoffs += count.handoffs;
    ReportedDevice* const device = device_of(name);
    if (device == nullptr) {
      ++devices_left_out_;
      continue;
    }
    device->partitions = count.partitions;
    device->handoffs_left = count.handoffs;
  }
  pass_.handoffs_left = pass_.handoffs;
}

void PassBoard::end_early(std::string_view why) {
  const std::lock_guard lock(mutex_);
  ended_early_ = why;
}

void PassBoard::end_pass() {
  const std::lock_guard lock(mutex_);
  pass_ended_ = Clock::now();
  is_pass_over_ = true;
  last_pass_ = {.ended = epoch_now(),
                .seconds = seconds_between(pass_begun_, pass_ended_),
                .partitions = pass_.partitions,
                .done = pass_.done,
                .handoffs_left = pass_.handoffs_left,
                .ended_early = ended_early_};
}

void PassBoard::rest(double seconds) {
  const std::lock_guard lock(mutex_);
  pass_.state = kWaiting;
  pass_.until = epoch_now() + seconds;
}

void PassBoard::note_ring_change() {
  const std::lock_guard lock(mutex_);
  ++ring_changes_.count;
  ring_changes_.last = epoch_now();
}

void PassBoard::note_error(const std::string& device, std::string_view reason) {
  const std::lock_guard lock(mutex_);
  if (ReportedDevice* const found = device_of(device)) {
    found->last_error = reported_text(reason, kLongestReason);
    found->last_error_time = epoch_now();
  }
}

void PassBoard::note_failure(const std::string& device, const RingDevice& peer, std::string_view reason) {
  const std::string name = node_text(peer);
  note_error(device, name + ": " + std::string(reason));
  const std::lock_guard lock(mutex_);
  ReportedPeer& found = peer_of(name);
  ++found.failures;
  found.last_failure = reported_text(reason, kLongestReason);
  found.last_failure_time = epoch_now();
}

PassBoard::PeerIsBusy::PeerIsBusy(PassBoard& board, const std::string& peer) : board_(board), peer_(peer) {
  const std::lock_guard lock(board_.mutex_);
  ++board_.busy_peers_[peer_];
  board_.peer_of(peer_);
}

PassBoard::PeerIsBusy::~PeerIsBusy() {
  const std::lock_guard lock(board_.mutex_);
  const auto found = board_.busy_peers_.find(peer_);
  if (found != board_.busy_peers_.end() && --found->second == 0) board_.busy_peers_.erase(found);
}

void PassBoard::add_line(BoardLine& line) {
  line.place_ = lines_.size();
  lines_.push_back(&line);
}

void PassBoard::remove_line(BoardLine& line) {
  lines_.back()->place_ = line.place_;
  lines_[line.place_] = lines_.back();
  lines_.pop_back();
}

// nullptr for one too many.
ReportedDevice* PassBoard::device_of(const std::string& name) {
  const auto found = devices_.find(name);
  if (found != devices_.end()) return &found->second;
  if (devices_.size() == kMostReportedDevices) return nullptr;
  ReportedDevice& made = devices_[name];
  made.device = reported_text(name, kLongestName);
  return &made;
}

ReportedPeer& PassBoard::peer_of(const std::string& name) {
  if (const auto found = peer_places_.find(name); found != peer_places_.end()) {
    peers_.splice(peers_.begin(), peers_, found->second);
    return peers_.front();
  }
  if (peers_.size() == kMostReportedPeers) {
    peer_places_.erase(peers_.back().peer);
    peers_.pop_back();
    ++peers_left_out_;
  }
  peers_.push_front({.peer = name});
  peer_places_.emplace(name, peers_.begin());
  return peers_.front();
}

// What jobs and sessions do, and what they add to devices and peers.
void PassBoard::append_lines(ReplicatorReport& report) const {
  std::map<std::string_view, ReportedDevice*> devices;
  for (ReportedDevice& device : report.devices) devices.emplace(device.device, &device);
  std::map<std::string_view, ReportedPeer*> peers;
  for (ReportedPeer& peer : report.peers) peers.emplace(peer.peer, &peer);
  for (const auto& [name, waiting] : busy_peers_) {
    if (const auto peer = peers.find(name); peer != peers.end()) peer->second->waiting += waiting;
  }
  std::vector<const BoardLine*> lines(lines_.begin(), lines_.end());
  std::ranges::sort(lines, {}, &BoardLine::begun_);
  const std::int64_t now = BoardLine::now();
  const auto seconds_since = [&](std::int64_t then) {
    return std::chrono::duration<double>(Clock::duration(std::max<std::int64_t>(now - then, 0))).count();
  };
  for (const BoardLine* line : lines) {
    if (line->sessions_.load(std::memory_order_relaxed) > 0) continue;
    const JobState state = line->state_.load(std::memory_order_relaxed);
    const RingDevice* const node = line->peer_.load(std::memory_order_relaxed);
    ReportedJob job{.device = line->job_.device,
                    .partition = line->job_.partition,
                    .policy = line->job_.policy->index,
                    .kind = line->job_.is_handoff ? "revert" : "update",
                    .peer = node == nullptr ? "" : node_text(*node),
                    .state = text_of(state),
                    .seconds = seconds_since(line->since_.load(std::memory_order_relaxed)),
                    .age = seconds_since(line->begun_),
                    .offered = whole(line->offered_.load(std::memory_order_relaxed)),
                    .wanted = whole(line->wanted_.load(std::memory_order_relaxed)),
                    .sent = whole(line->sent_.load(std::memory_order_relaxed)),
                    .bytes = whole(line->bytes_.load(std::memory_order_relaxed))};
    const bool is_refused = asks_peer(state) && busy_peers_.contains(job.peer);
    if (is_refused) {
      job.state = "waiting for the peer";
    } else if (line->is_held_back_.load(std::memory_order_relaxed)) {
      job.state = "held back by bandwidth";
    }
    if (line->is_session_) {
      if (const auto device = devices.find(job.device); device != devices.end()) {
        device->second->objects_sent += job.sent;
        device->second->bytes_sent += job.bytes;
      }
      if (const auto peer = peers.find(job.peer); peer != peers.end()) {
        peer->second->objects_sent += job.sent;
        peer->second->bytes_sent += job.bytes;
        // Who is refused is among those that wait already.
        if (!is_refused) {
          ++(state == JobState::waiting_for_turn ? peer->second->waiting : peer->second->sessions);
        }
      }
    }
    if (report.jobs.size() == kMostReportedJobs) {
      ++report.jobs_left_out;
    } else {
      report.jobs.push_back(std::move(job));
    }
  }
}

ReportedPass PassBoard::reported_pass() const {
  ReportedPass pass = pass_;
  pass.running = running_;
  pass.left = std::max<std::int64_t>(pass.partitions - pass.done - running_, 0);
  const auto now = is_pass_over_ ? pass_ended_ : Clock::now();
  const double elapsed = seconds_between(pass_begun_, now);
  pass.rate = elapsed > 0 ? static_cast<double>(pass.done) / elapsed : 0;
  if (is_pass_over_) return pass;
  pass.rate_lately = recent_.rate(now, pass_begun_);
  if (pass.done > 0) {
    pass.remaining_seconds =
        remaining_seconds(elapsed, static_cast<double>(pass.done), static_cast<double>(pass.partitions));
  }
  return pass;
}

ReplicatorReport PassBoard::report() const {
  ReplicatorReport report{.time = epoch_now(),
                          .started = started_,
                          .pid = ::getpid(),
                          .process = whole(process_),
                          .processes = whole(processes_)};
  report.limits = {.concurrency = settings_.concurrency,
                   .bandwidth_per_peer = settings_.bandwidth_per_peer,
                   .bandwidth_per_device = settings_.bandwidth_per_device,
                   .interval = settings_.interval,
                   .handoffs_first = settings_.handoffs_first,
                   .handoff_delete = settings_.handoff_delete};
  const std::lock_guard lock(mutex_);
  report.mode = mode_ == Mode::once ? "once" : "forever";
  report.pass = reported_pass();
  report.last_pass = last_pass_;
  report.ring_changes = ring_changes_;
  for (const auto& [name, device] : devices_) report.devices.push_back(device);
  report.devices_left_out = devices_left_out_;
  report.peers.assign(peers_.begin(), peers_.end());
  report.peers_left_out = peers_left_out_;
  append_lines(report);
  return report;
}

BoardLine::BoardLine(PassBoard& board, const ReplicationJob& job, JobState state, const RingDevice* peer)
    : board_(board), job_(job), state_(state), peer_(peer) {}

BoardJob::BoardJob(PassBoard& board, const ReplicationJob& job)
    : BoardLine(board, job, JobState::hashing, nullptr) {
  const std::lock_guard lock(board_.mutex_);
  board_.add_line(*this);
  ++board_.running_;
}

BoardJob::~BoardJob() {
  const auto now = PassBoard::Clock::now();
  const std::lock_guard lock(board_.mutex_);
  board_.remove_line(*this);
  --board_.running_;
  ReportedDevice* const device = board_.device_of(job_.device);
  if (device != nullptr) device->failures += whole(outcome_.failures);
  if (!outcome_.is_done) return;
  const int reverted = job_.is_handoff && !outcome_.has_handoff_left ? 1 : 0;
  ++board_.pass_.done;
  board_.pass_.handoffs_left -= reverted;
  board_.recent_.add(now);
  if (device == nullptr) return;
  ++device->done;
  device->handoffs_left -= reverted;
}

BoardSession::BoardSession(BoardLine& job, const RingDevice& peer)
    : BoardLine(job.board_, job.job_, JobState::waiting_for_turn, &peer),
      of_job_(job),
      peer_name_(node_text(peer)) {
  is_session_ = true;
  const std::lock_guard lock(board_.mutex_);
  board_.add_line(*this);
  // Which is not left out as long as others are used less.
  board_.peer_of(peer_name_);
  ++of_job_.sessions_;
}

BoardSession::~BoardSession() {
  const std::int64_t sent = whole(sent_.load(std::memory_order_relaxed));
  const std::int64_t bytes = whole(bytes_.load(std::memory_order_relaxed));
  const std::lock_guard lock(board_.mutex_);
  board_.remove_line(*this);
  --of_job_.sessions_;
  ReportedPeer& peer = board_.peer_of(peer_name_);
  peer.objects_sent += sent;
  peer.bytes_sent += bytes;
  if (ReportedDevice* const device = board_.device_of(job_.device)) {
    device->objects_sent += sent;
    device->bytes_sent += bytes;
  }
}

void BoardSession::note_failure(std::string_view reason) {
  board_.note_failure(job_.device, *peer_.load(std::memory_order_relaxed), reason);
}

}  // namespace ssync
