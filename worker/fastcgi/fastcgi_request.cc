#include "worker/fastcgi/fastcgi_request.h"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "common/os/errors.h"
#include "common/os/log.h"
#include "common/python/number.h"
#include "worker/request/errors.h"

namespace ssync {
namespace {

// FCGX_Accept_r's negative result for a failure without an errno.
constexpr int kNoError = 9999;
// A long response is written in pieces of this size; the sender has client_timeout to receive each.
constexpr std::size_t kWritePiece = 65536;
constexpr std::chrono::seconds kPauseAfterFailedAccept{1};

}  // namespace

FastCgiRequest::FastCgiRequest(int listening_fd, Limits limits)
    : limits_(std::move(limits)),
      timeout_(
          std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(limits_.client_timeout))),
      timer_(timeout_) {
  if (FCGX_Init() != 0) throw std::runtime_error("cannot initialise libfcgi");
  if (FCGX_InitRequest(&request_, listening_fd, FCGI_FAIL_ACCEPT_ON_INTR) != 0) {
    throw std::runtime_error("libfcgi cannot use the listening socket");
  }
}

FastCgiRequest::~FastCgiRequest() { cut(); }

bool FastCgiRequest::accept() {
  errno = 0;
  timer_.interrupt_after(deadline_from_now());
  const int result = FCGX_Accept_r(&request_);
  if (result == 0) {
    // If the connection breaks or times out between two parameters, libfcgi treats it as their end.
    if (FCGX_GetError(request_.in) == 0) return true;
    cut();
    return false;
  }
  timer_.stop();
  const int error = -result;
  const bool nobody_waits = error == EAGAIN || error == EINTR || error == ECONNABORTED || error == kNoError;
  if (!nobody_waits) throw OsError(error, "listening socket");
  return false;
}

bool FastCgiRequest::accept_or_pause() {
  try {
    return accept();
  } catch (const OsError& error) {
    log::error("cannot accept a connection: {}", error.what());
    std::this_thread::sleep_for(kPauseAfterFailedAccept);
    return false;
  }
}

FastCgiRequest::Clock::time_point FastCgiRequest::deadline_from_now() const {
  return Clock::now() + timeout_;
}

std::optional<std::string> FastCgiRequest::param(const char* name) const {
  const std::string prefix = std::string(name) + "=";
  std::optional<std::string> joined;
  for (char** entry = request_.envp; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (!text.starts_with(prefix)) continue;
    const std::string_view value = text.substr(prefix.size());
    if (joined) {
      joined->append(",").append(value);
    } else {
      joined = value;
    }
  }
  return joined;
}

std::string_view FastCgiRequest::available(std::string_view context, Clock::time_point deadline) {
  FCGX_Stream* in = request_.in;
  // Checked here too, because a busy session's reads never block and so are never interrupted.
  if (limits_.interrupted && limits_.interrupted()) throw Interrupted("worker is stopping");
  if (in->rdNext == in->stop && in->isClosed == 0) {
    if (Clock::now() >= deadline) fail_read(context, EINTR);
    timer_.interrupt_after(deadline);
    errno = 0;
    in->fillBuffProc(in);
    in->stopUnget = in->rdNext;
  }
  // First, because after a failed read rdNext may be beyond stop: it has skipped the padding.
  if (const int error = FCGX_GetError(in); error != 0) fail_read(context, error);
  return {reinterpret_cast<const char*>(in->rdNext), static_cast<std::size_t>(in->stop - in->rdNext)};
}

void FastCgiRequest::fail_read(std::string_view context, int error) const {
  if (limits_.interrupted && limits_.interrupted()) throw Interrupted("worker is stopping");
  // EINTR is the timer's: other signals are blocked while a request is served.
  if (error == EINTR) {
    const std::string_view unit = limits_.client_timeout == 1.0 ? " second: " : " seconds: ";
    throw ClientTimeout(python::float_text(limits_.client_timeout).append(unit).append(context));
  }
  const std::string reason =
      error > 0 ? OsError(error, "").what() : std::string("connection closed before the end of the body");
  throw ClientGone("read failed: " + std::string(context) + ": " + reason);
}

void FastCgiRequest::consume(std::size_t count) { request_.in->rdNext += count; }

std::string_view FastCgiRequest::read_line(std::string_view context) {
  const Clock::time_point deadline = deadline_from_now();
  line_.clear();
  for (;;) {
    const std::string_view bytes = available(context, deadline);
    if (bytes.empty()) {
      if (line_.empty()) return {};
      throw ClientGone("read failed: " + std::string(context) + ": missing newline");
    }
    const std::size_t newline = bytes.find('\n');
    const std::size_t count = newline == std::string_view::npos ? bytes.size() : newline + 1;
    if (line_.size() + count > limits_.max_line) {
      throw ClientGone("read failed: " + std::string(context) + ": missing newline");
    }
    consume(count);
    if (newline != std::string_view::npos && line_.empty()) return bytes.substr(0, count);
    line_.append(bytes.substr(0, count));
    if (newline != std::string_view::npos) return line_;
  }
}

std::string_view FastCgiRequest::read_some(std::size_t limit, std::string_view context) {
  const std::string_view bytes = available(context, deadline_from_now());
  if (bytes.empty()) throw ClientGone("read failed: Early termination for " + std::string(context));
  const std::size_t count = std::min(limit, bytes.size());
  consume(count);
  return bytes.substr(0, count);
}

bool FastCgiRequest::is_waiting() {
  const FCGX_Stream* in = request_.in;
  if (in->rdNext != in->stop || in->isClosed != 0) return false;
  pollfd connection{.fd = request_.ipcFd, .events = POLLIN, .revents = 0};
  return ::poll(&connection, 1, 0) == 0;
}

void FastCgiRequest::fail_write() const {
  if (limits_.interrupted && limits_.interrupted()) throw Interrupted("worker is stopping");
  throw ClientGone("cannot write the response");
}

void FastCgiRequest::write(std::string_view data) {
  while (!data.empty()) {
    // A sender that never reads must not hold its locks forever.
    timer_.interrupt_after(deadline_from_now());
    const auto count = static_cast<int>(std::min(data.size(), kWritePiece));
    if (FCGX_PutStr(data.data(), count, request_.out) != count) fail_write();
    data.remove_prefix(static_cast<std::size_t>(count));
  }
}

void FastCgiRequest::flush() {
  timer_.interrupt_after(deadline_from_now());
  if (FCGX_FFlush(request_.out) != 0) fail_write();
}

void FastCgiRequest::finish() noexcept {
  // A worker that waited for nginx's next request on this connection could not accept any others.
  request_.keepConnection = 0;
  FCGX_Finish_r(&request_);
  timer_.stop();
}

void FastCgiRequest::cut() noexcept {
  if (request_.ipcFd < 0 || request_.in == nullptr) return;
  FCGX_FFlush(request_.out);
  // Without END_REQUEST. libfcgi shuts down the sending side and reads until nginx has closed, so that nginx
  // receives the last line before its own writes fail.
  FCGX_Free(&request_, 1);
  timer_.stop();
}

}  // namespace ssync
