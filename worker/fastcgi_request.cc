#include "worker/fastcgi_request.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cmath>

#include "common/errors.h"
#include "common/python_text.h"

namespace ssync {
namespace {

void set_timeout(int fd, int option, double seconds) {
  timeval time{};
  time.tv_sec = static_cast<time_t>(seconds);
  time.tv_usec = static_cast<suseconds_t>((seconds - std::floor(seconds)) * 1e6);
  // Zero would mean "wait for ever".
  if (time.tv_sec == 0 && time.tv_usec == 0) time.tv_usec = 1;
  if (::setsockopt(fd, SOL_SOCKET, option, &time, sizeof(time)) != 0) throw_os_error("FastCGI connection");
}

}  // namespace

FastCgiRequest::FastCgiRequest(int listening_fd, Limits limits) : limits_(std::move(limits)) {
  if (FCGX_Init() != 0) throw std::runtime_error("libfcgi cannot be initialised");
  if (FCGX_InitRequest(&request_, listening_fd, FCGI_FAIL_ACCEPT_ON_INTR) != 0) {
    throw std::runtime_error("libfcgi cannot use the listening socket");
  }
}

FastCgiRequest::~FastCgiRequest() { cut(); }

bool FastCgiRequest::accept() {
  errno = 0;
  if (FCGX_Accept_r(&request_) < 0) return false;
  line_.clear();
  set_receive_timeout(limits_.client_timeout);
  // A sender that never reads must not hold its locks for ever either.
  set_timeout(request_.ipcFd, SO_SNDTIMEO, limits_.client_timeout);
  return true;
}

std::optional<std::string> FastCgiRequest::param(const char* name) const {
  const char* value = FCGX_GetParam(name, request_.envp);
  if (value == nullptr) return std::nullopt;
  return value;
}

void FastCgiRequest::set_receive_timeout(double seconds) {
  set_timeout(request_.ipcFd, SO_RCVTIMEO, seconds);
  receive_timeout_ = seconds;
}

std::string_view FastCgiRequest::available(std::string_view context, Clock::time_point start) {
  FCGX_Stream* in = request_.in;
  if (in->rdNext == in->stop && in->isClosed == 0) {
    const double waited = std::chrono::duration<double>(Clock::now() - start).count();
    const double left = std::max(limits_.client_timeout - waited, 0.0);
    // The timeout is for a whole line, however many pieces it comes in. A system call for each piece
    // would double their number, so the socket's own timeout is only changed when it is well off.
    if (std::abs(left - receive_timeout_) > limits_.client_timeout / 16) set_receive_timeout(left);
    errno = 0;
    in->fillBuffProc(in);
    in->stopUnget = in->rdNext;
  }
  // First, because a failed read leaves rdNext behind the padding that it had skipped, and so behind stop.
  if (const int error = FCGX_GetError(in); error != 0) fail_read(context, error);
  return {reinterpret_cast<const char*>(in->rdNext), static_cast<std::size_t>(in->stop - in->rdNext)};
}

void FastCgiRequest::fail_read(std::string_view context, int error) {
  if (limits_.interrupted && limits_.interrupted()) throw SessionInterrupted("told to stop");
  if (error == EAGAIN || error == EWOULDBLOCK) {
    const std::string_view unit = limits_.client_timeout == 1.0 ? " second: " : " seconds: ";
    throw ClientTimeout(python::float_text(limits_.client_timeout).append(unit).append(context));
  }
  const std::string reason =
      error > 0 ? OsError(error, "").what() : std::string("connection closed before the end of the body");
  throw ClientGone(std::string(context) + ": " + reason);
}

void FastCgiRequest::consume(std::size_t count) { request_.in->rdNext += count; }

std::string_view FastCgiRequest::read_line(std::string_view context) {
  const Clock::time_point start = Clock::now();
  line_.clear();
  for (;;) {
    const std::string_view bytes = available(context, start);
    if (bytes.empty()) {
      if (line_.empty()) return {};
      throw ClientGone(std::string(context) + ": missing newline");
    }
    const std::size_t newline = bytes.find('\n');
    const std::size_t count = newline == std::string_view::npos ? bytes.size() : newline + 1;
    if (line_.size() + count > limits_.max_line) throw ClientGone(std::string(context) + ": missing newline");
    consume(count);
    if (newline != std::string_view::npos && line_.empty()) return bytes.substr(0, count);
    line_.append(bytes.substr(0, count));
    if (newline != std::string_view::npos) return line_;
  }
}

std::string_view FastCgiRequest::read_some(std::size_t limit, std::string_view context) {
  const std::string_view bytes = available(context, Clock::now());
  if (bytes.empty()) throw ClientGone("Early termination for " + std::string(context));
  const std::size_t count = std::min(limit, bytes.size());
  consume(count);
  return bytes.substr(0, count);
}

void FastCgiRequest::write(std::string_view data) {
  while (!data.empty()) {
    const auto count = static_cast<int>(std::min<std::size_t>(data.size(), INT_MAX));
    if (FCGX_PutStr(data.data(), count, request_.out) != count) {
      if (limits_.interrupted && limits_.interrupted()) throw SessionInterrupted("told to stop");
      throw ClientGone("response cannot be written");
    }
    data.remove_prefix(static_cast<std::size_t>(count));
  }
}

void FastCgiRequest::flush() {
  if (FCGX_FFlush(request_.out) != 0) {
    if (limits_.interrupted && limits_.interrupted()) throw SessionInterrupted("told to stop");
    throw ClientGone("response cannot be written");
  }
}

void FastCgiRequest::finish() noexcept { FCGX_Finish_r(&request_); }

void FastCgiRequest::cut() noexcept {
  if (request_.ipcFd < 0 || request_.in == nullptr) return;
  FCGX_FFlush(request_.out);
  // Without END_REQUEST. libfcgi shuts the sending side down and reads until nginx has closed, so that
  // nginx is sure to see the last line before an error on its own writes.
  FCGX_Free(&request_, 1);
}

}  // namespace ssync
