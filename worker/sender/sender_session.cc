#include "worker/sender/sender_session.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "common/python/errors.h"
#include "common/python/repr.h"
#include "common/python/text.h"
#include "worker/protocol/markers.h"
#include "worker/protocol/offer.h"
#include "worker/protocol/wanted.h"
#include "worker/sender/errors.h"

namespace ssync {
namespace {

// Bytes of an offer's line, or of the marker after the last one.
constexpr std::size_t kLongestOffer = 256;

// Maximum length of an error page to report.
constexpr std::size_t kLongestPage = 1024;

// Adds its lifetime to seconds.
class Stopwatch {
 public:
  explicit Stopwatch(double& seconds) : seconds_(seconds), begun_(std::chrono::steady_clock::now()) {}
  ~Stopwatch() {
    seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begun_).count();
  }
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

 private:
  double& seconds_;
  std::chrono::steady_clock::time_point begun_;
};

[[noreturn]] void refuse(std::string_view line) {
  if (is_error_line(line)) throw_refusal(line);
  throw ReceiverRefused("unexpected response " + python::repr_bytes(quotable(line)));
}

// The text of an HTML page, as one line.
std::string words_of(std::string_view page) {
  std::string words;
  bool in_tag = false;
  for (const char c : page) {
    const bool is_blank = in_tag || c == '<' || static_cast<unsigned char>(c) <= ' ';
    if (c == '<') in_tag = true;
    if (c == '>') in_tag = false;
    if (!is_blank) {
      words += c;
    } else if (!words.empty() && words.back() != ' ') {
      words += ' ';
    }
  }
  return words.substr(0, words.find_last_not_of(' ') + 1);
}

void write_line(ReceiverConnection& connection, std::string_view line) {
  connection.write(line);
  connection.write(kLineEnd);
}

// Reads up to this line; only empty lines may precede it.
void await_line(ReceiverConnection& connection, std::string_view expected) {
  for (;;) {
    const std::string_view line = connection.read_line(expected);
    if (line == expected) return;
    if (!line.empty()) refuse(line);
  }
}

}  // namespace

SenderSession::SenderSession(SenderJob job, const Interruption& interruption, Observer observer)
    : job_(std::move(job)), interruption_(interruption), observer_(std::move(observer)) {}

void SenderSession::run(const OpenSource& open_source) {
  ReceiverConnection connection(job_.receiver, job_.limits, interruption_, job_.tls, job_.kept_connections);
  ObjectSource* early = nullptr;
  if (connection.is_to_ours()) {
    early = &open_source(true);
    begin_list(connection, *early);
  }
  const bool accepts_no_commit = start(connection);
  ObjectSource& source = early != nullptr ? *early : open_source(accepts_no_commit);
  {
    enter(SenderProgress::Phase::missing_check);
    const Stopwatch stopwatch(progress_.missing_check_seconds);
    missing_check(connection, source);
  }
  {
    enter(SenderProgress::Phase::updates);
    const Stopwatch stopwatch(progress_.updates_seconds);
    updates(connection, source);
  }
  enter(SenderProgress::Phase::done);
}

void SenderSession::enter(SenderProgress::Phase phase) {
  progress_.phase = phase;
  progress_.share = 0;
  observer_(progress_);
}

// Starts the session. True if the receiver accepts fragments that are not durable.
bool SenderSession::start(ReceiverConnection& connection) {
  std::string head = "SSYNC /" + job_.receiver.device + "/" + job_.partition +
                     " HTTP/1.1\r\nHost: " + job_.receiver.host_and_port() +
                     "\r\nTransfer-Encoding: chunked\r\nX-Backend-Storage-Policy-Index: " +
                     std::to_string(job_.policy_index) + "\r\n";
  if (job_.fragment_index) {
    const std::string index = std::to_string(*job_.fragment_index);
    // Swift 2.4 to 2.20 know the second name.
    head += "X-Backend-Ssync-Frag-Index: " + index + "\r\nX-Backend-Ssync-Node-Index: " + index + "\r\n";
  }
  if (job_.ask_held) head += "X-Backend-Ssync-Tell-Held: True\r\n";
  if (has_ended_list_) head += "X-Backend-Ssync-List-Follows: True\r\n";
  using Written = ReceiverConnection::Written;
  const HttpResponseHead answer =
      connection.request(head + "\r\n", has_ended_list_ ? Written::with_request : Written::later);
  if (answer.status != 200) {
    std::string message = "the receiver answered " + std::to_string(answer.status);
    if (!answer.reason.empty()) message += " " + answer.reason;
    const std::string words = words_of(connection.read_body(kLongestPage));
    if (!words.empty()) message += ": " + words;
    // A policy that it does not have is no matter of time.
    const bool is_busy = answer.status == 503 && words.find("No policy with index") == std::string::npos;
    if (is_busy) throw ReceiverBusy(message);
    throw ReceiverRefused(message);
  }
  const auto says = [&](std::string_view name) {
    const std::string* const value = answer.find(name);
    return value != nullptr && python::is_true(*value);
  };
  tells_held_ = job_.ask_held && says("x-backend-ssync-tell-held");
  return says("x-backend-accept-no-commit");
}

// Receivers of ours take a list that comes with the request, if it is all of it. That saves both sides a
// turn.
void SenderSession::begin_list(ReceiverConnection& connection, ObjectSource& source) {
  write_line(connection, kMissingCheckStart);
  has_begun_list_ = true;
  while (!has_ended_list_ && connection.room_beside_request() > kLongestOffer) {
    has_ended_list_ = !offer_next(connection, source);
  }
}

// False at the list's end, which is written too.
bool SenderSession::offer_next(ReceiverConnection& connection, ObjectSource& source) {
  Offer offer;
  if (!source.next(offer, progress_.updates)) {
    write_line(connection, kMissingCheckEnd);
    return false;
  }
  offered_.add(offer.hash);
  std::string line;
  append_offer(offer, line);
  connection.write(line);
  progress_.offered = offered_.size();
  progress_.share = source.share_offered();
  observer_(progress_);
  interruption_.check();
  return true;
}

void SenderSession::missing_check(ReceiverConnection& connection, ObjectSource& source) {
  if (!has_begun_list_) write_line(connection, kMissingCheckStart);
  while (!has_ended_list_ && offer_next(connection, source)) {
    connection.flush_what_waits();
    // Before the end of the list, Swift's receivers send nothing but an error.
    while (connection.has_line()) take_answer_line(connection.read_line(""));
  }
  connection.flush();
  enter(SenderProgress::Phase::answer);
  while (answer_ != Answer::ended) take_answer_line(connection.read_line("the list of wanted objects"));
}

void SenderSession::take_answer_line(std::string_view line) {
  if (line.empty()) return;
  if (is_error_line(line)) refuse(line);
  if (answer_ == Answer::not_begun && line == kMissingCheckStart) {
    answer_ = Answer::begun;
    return;
  }
  if (answer_ != Answer::begun) refuse(line);
  if (line == kMissingCheckEnd) {
    answer_ = Answer::ended;
    return;
  }
  const WantedLine wanted = parse_wanted(line);
  const auto hash = parse_object_hash(wanted.object_hash);
  const auto number = hash ? offered_.find(*hash) : std::nullopt;
  if (!number) {
    throw ReceiverRefused("the receiver wants an object that was not offered: " +
                          python::repr_bytes(quotable(line)));
  }
  offered_.want(*number, wanted.parts);
  progress_.wanted = offered_.wanted_count();
}

void SenderSession::updates(ReceiverConnection& connection, ObjectSource& source) {
  // Without the updates phase the receiver would log an error.
  write_line(connection, kUpdatesStart);
  if (!job_.dry_run) send_updates(&connection, source);
  write_line(connection, kUpdatesEnd);
  connection.finish();
  if (tells_held_) read_held(connection);
  await_line(connection, kUpdatesStart);
  await_line(connection, kUpdatesEnd);
  // Swift's server would serve all that comes on one connection in one of its processes.
  if (tells_held_) connection.give_back();
  // After the session, because reading the objects may take longer than the receiver's timeout.
  if (job_.dry_run) send_updates(nullptr, source);
}

void SenderSession::read_held(ReceiverConnection& connection) {
  await_line(connection, kHeldStart);
  for (;;) {
    const std::string_view line = connection.read_line("what the receiver has");
    if (line == kHeldEnd) return;
    // Nobody has more than was offered; a receiver without end must not fill the memory.
    if (is_error_line(line) || held_.size() == offered_.size()) refuse(line);
    try {
      held_.push_back(parse_held(line));
    } catch (const ValueError& error) {
      throw ReceiverRefused(error.what());
    }
  }
}

// Without a connection the updates are only counted.
void SenderSession::send_updates(ReceiverConnection* connection, ObjectSource& source) {
  UpdateOutput output(connection, progress_.updates);
  std::uint64_t handled = 0;
  for (std::size_t number = 0; number < offered_.size(); ++number) {
    const WantedParts wanted = offered_.wanted(number);
    if (!wanted.any()) continue;
    source.send(number, offered_.hash(number), wanted, output);
    progress_.share = static_cast<double>(++handled) / static_cast<double>(progress_.wanted);
    observer_(progress_);
    interruption_.check();
    if (connection == nullptr) continue;
    connection->flush_what_waits();
    while (connection->has_line()) {
      const std::string_view line = connection->read_line("");
      if (!line.empty()) refuse(line);
    }
  }
}

}  // namespace ssync
