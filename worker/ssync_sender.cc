#include "worker/ssync_sender.h"

#include <chrono>
#include <string_view>
#include <utility>

#include "common/python_text.h"
#include "worker/offer_line.h"
#include "worker/sending_errors.h"

namespace ssync {
namespace {

constexpr std::string_view kMissingCheckStart = ":MISSING_CHECK: START";
constexpr std::string_view kMissingCheckEnd = ":MISSING_CHECK: END";
constexpr std::string_view kUpdatesStart = ":UPDATES: START";
constexpr std::string_view kUpdatesEnd = ":UPDATES: END";
constexpr std::size_t kLongestQuote = 1024;

// Adds the time that it lives to seconds.
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
  if (line.starts_with(":ERROR:")) throw ReceiverRefused(std::string(line.substr(0, kLongestQuote)));
  throw ReceiverRefused("unexpected answer " + python::repr_bytes(line.substr(0, kLongestQuote)));
}

// The words of an HTML page, in one line.
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

void write_line(SendingConnection& connection, std::string_view line) {
  connection.write(line);
  connection.write("\r\n");
}

// Reads up to this line; only empty ones may come before it.
void await_line(SendingConnection& connection, std::string_view expected) {
  for (;;) {
    const std::string_view line = connection.read_line(expected);
    if (line == expected) return;
    if (!line.empty()) refuse(line);
  }
}

}  // namespace

SsyncSender::SsyncSender(SenderJob job, const Interruption& interruption, Observer observer)
    : job_(std::move(job)), interruption_(interruption), observer_(std::move(observer)) {}

void SsyncSender::run(const OpenSource& open_source) {
  SendingConnection connection(job_.receiver, job_.limits, interruption_);
  ObjectSource& source = open_source(start(connection));
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

void SsyncSender::enter(SenderProgress::Phase phase) {
  progress_.phase = phase;
  progress_.share = 0;
  observer_(progress_);
}

// True if the receiver takes fragments that are not durable.
bool SsyncSender::start(SendingConnection& connection) const {
  std::string head = "SSYNC /" + job_.receiver.device + "/" + job_.partition +
                     " HTTP/1.1\r\nHost: " + job_.receiver.host_and_port() +
                     "\r\nTransfer-Encoding: chunked\r\nX-Backend-Storage-Policy-Index: " +
                     std::to_string(job_.policy_index) + "\r\n";
  if (job_.fragment_index) {
    const std::string index = std::to_string(*job_.fragment_index);
    // Swift 2.4 to 2.20 know the second name.
    head += "X-Backend-Ssync-Frag-Index: " + index + "\r\nX-Backend-Ssync-Node-Index: " + index + "\r\n";
  }
  const HttpResponseHead answer = connection.request(head + "\r\n");
  if (answer.status != 200) {
    std::string message = "the receiver answered " + std::to_string(answer.status);
    if (!answer.reason.empty()) message += " " + answer.reason;
    const std::string words = words_of(connection.read_body(kLongestQuote));
    throw ReceiverRefused(words.empty() ? message : message + ": " + words);
  }
  const std::string* accepts = answer.find("x-backend-accept-no-commit");
  return accepts != nullptr && python::is_true(*accepts);
}

void SsyncSender::missing_check(SendingConnection& connection, ObjectSource& source) {
  write_line(connection, kMissingCheckStart);
  OfferedObject object;
  std::string line;
  while (source.next(object, progress_.updates)) {
    offered_.add(object.hash);
    line.clear();
    append_offer_line(object, line);
    connection.write(line);
    progress_.offered = offered_.size();
    progress_.share = source.share_offered();
    observer_(progress_);
    interruption_.check();
    connection.flush_what_waits();
    // Swift's receivers say nothing before they have the whole list, but an error.
    while (connection.has_line()) take_answer_line(connection.read_line(""));
  }
  write_line(connection, kMissingCheckEnd);
  connection.flush();
  enter(SenderProgress::Phase::answer);
  while (answer_ != Answer::ended) take_answer_line(connection.read_line("what it wants"));
}

void SsyncSender::take_answer_line(std::string_view line) {
  if (line.empty()) return;
  if (line.starts_with(":ERROR:")) refuse(line);
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
    throw ReceiverRefused("the receiver wants what was not offered: " +
                          python::repr_bytes(line.substr(0, kLongestQuote)));
  }
  offered_.want(*number, wanted.parts);
  progress_.wanted = offered_.wanted_count();
}

void SsyncSender::updates(SendingConnection& connection, ObjectSource& source) {
  // A session that ends without updates is an error in the receiver's log.
  write_line(connection, kUpdatesStart);
  if (!job_.dry_run) send_updates(&connection, source);
  write_line(connection, kUpdatesEnd);
  connection.flush();
  await_line(connection, kUpdatesStart);
  await_line(connection, kUpdatesEnd);
  connection.finish();
  // Looking what there is to send may take longer than a receiver would wait.
  if (job_.dry_run) send_updates(nullptr, source);
}

// Without a connection they are only counted.
void SsyncSender::send_updates(SendingConnection* connection, ObjectSource& source) {
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
