#include "worker/status/ask_replicators.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <string_view>
#include <utility>

#include "common/os/directory.h"
#include "common/os/errors.h"
#include "common/os/socket_directory.h"
#include "worker/replicator_report/report_json.h"

namespace ssync {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMostProcesses = 64;

bool is_replicators(std::string_view name) {
  constexpr std::string_view kBegin = "ssync-replicator.";
  constexpr std::string_view kEnd = ".status";
  if (name.size() <= kBegin.size() + kEnd.size() || !name.starts_with(kBegin) || !name.ends_with(kEnd)) {
    return false;
  }
  name.remove_prefix(kBegin.size());
  name.remove_suffix(kEnd.size());
  return name.size() <= 6 && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

// By their numbers.
std::vector<std::string> socket_names(const std::string& directory) {
  std::vector<std::string> names = list_directory(directory);
  std::erase_if(names, [](const std::string& name) { return !is_replicators(name); });
  std::ranges::sort(names, {}, [](const std::string& name) { return std::pair(name.size(), name); });
  if (names.size() > kMostProcesses) names.resize(kMostProcesses);
  return names;
}

struct Question {
  Fd connection;
  std::size_t number;  // of the answer
  std::string heard = {};

  // False at the end.
  bool hear() {
    std::array<char, 65536> piece{};
    const ssize_t size = ::recv(connection.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    heard.append(piece.data(), static_cast<std::size_t>(size));
    return size != 0 && heard.size() <= kLongestReport;
  }
};

void hear_all(std::vector<Question> questions, Clock::time_point until,
              std::vector<ReplicatorAnswer>& answers) {
  while (!questions.empty()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return;
    std::vector<pollfd> waiting;
    waiting.reserve(questions.size());
    for (const Question& one : questions) {
      waiting.push_back({.fd = one.connection.get(), .events = POLLIN, .revents = 0});
    }
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(left)) < 0 && errno != EINTR) return;
    std::vector<Question> unfinished;
    for (std::size_t at = 0; at < questions.size(); ++at) {
      Question& one = questions[at];
      if (waiting[at].revents == 0 || one.hear()) {
        unfinished.push_back(std::move(one));
      } else {
        answers[one.number].report = parse_report(one.heard);
      }
    }
    questions = std::move(unfinished);
  }
}

}  // namespace

std::vector<ReplicatorAnswer> ask_replicators(const std::string& directory,
                                              std::chrono::milliseconds patience) {
  const auto until = Clock::now() + patience;
  std::vector<ReplicatorAnswer> answers;
  std::vector<Question> questions;
  try {
    const SocketDirectory sockets(directory);
    for (const std::string& name : socket_names(directory)) {
      Fd connection = sockets.connect(name);
      const bool is_gone = !connection && (errno == ECONNREFUSED || errno == ENOENT);
      if (is_gone) continue;
      if (connection) questions.push_back({.connection = std::move(connection), .number = answers.size()});
      answers.push_back({.socket = name});
    }
  } catch (const OsError& error) {
    if (error.code() == ENOENT || error.code() == ENOTDIR) return {};
    throw;
  }
  hear_all(std::move(questions), until, answers);
  return answers;
}

}  // namespace ssync
