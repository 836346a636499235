#include "common/config/journal_sink.h"

#include <fmt/core.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <syslog.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "common/config/log_line.h"
#include "common/os/errors.h"
#include "common/os/log_context.h"
#include "common/os/unix_address.h"
#include "common/python/text.h"

namespace ssync {
namespace {

// How long journald may leave its queue full: more than it needs for a burst of lines. Then its stream has
// room for many more lines.
constexpr timeval kPatience{.tv_sec = 0, .tv_usec = 100'000};

// The form with a length, which takes any bytes: no value can end its field and begin another.
void append_field(std::string& entry, std::string_view name, std::string_view value) {
  entry.append(name).push_back('\n');
  for (unsigned shift = 0; shift < 64; shift += 8) {
    entry.push_back(static_cast<char>((std::uint64_t{value.size()} >> shift) & 0xffU));
  }
  entry.append(value).push_back('\n');
}

std::string value_text(const log::Field& field) {
  const auto* const text = std::get_if<std::string>(&field.value);
  if (text != nullptr) return *text;
  if (const auto* const number = std::get_if<double>(&field.value)) return fmt::format("{}", *number);
  return std::to_string(std::get<std::int64_t>(field.value));
}

}  // namespace

JournalSink::JournalSink(std::string name, LineFormat format, std::string socket)
    : name_(std::move(name)),
      format_(format),
      socket_path_(std::move(socket)),
      socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
  // Where this fails, it waits longer.
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
}

void JournalSink::sink_it_(const spdlog::details::log_msg& message) {
  std::string entry;
  append_field(entry, "MESSAGE", line_text(message, name_, format_));
  append_field(entry, "PRIORITY", std::to_string(syslog_priority(level_of(message.level))));
  append_field(entry, "SYSLOG_IDENTIFIER", name_);
  for (const log::Field& field : log::fields()) {
    append_field(entry, "SSYNC_" + python::upper_ascii(field.name), value_text(field));
  }
  if (!send(entry)) write_to_stderr(message, errno);
}

// False with errno set on failure. Not connected: journald may be started again.
bool JournalSink::send(const std::string& entry) const {
  const auto address = UnixAddress::of(socket_path_);
  if (!address) {
    errno = ENAMETOOLONG;
    return false;
  }
  ssize_t sent = 0;
  do {
    sent = ::sendto(socket_.get(), entry.data(), entry.size(), MSG_NOSIGNAL, address->get(),
                    UnixAddress::size());
  } while (sent < 0 && errno == EINTR);
  return sent >= 0;
}

void JournalSink::write_to_stderr(const spdlog::details::log_msg& message, int error) {
  std::string text;
  if (!std::exchange(has_said_why_, true)) {
    text = fmt::format("<{}>no fields in the journal: {}; such lines come without them\n", LOG_WARNING,
                       OsError(error, socket_path_).what());
  }
  text +=
      fmt::format("<{}>{}\n", syslog_priority(level_of(message.level)), line_text(message, name_, format_));
  write_all(STDERR_FILENO, text, "standard error");
}

}  // namespace ssync
