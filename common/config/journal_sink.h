// Lines of the log to systemd's journal, with their fields.
#pragma once

#include <spdlog/sinks/base_sink.h>

#include <memory>
#include <mutex>
#include <string>

#include "common/config/log_settings.h"
#include "common/os/fd.h"

namespace ssync {

// Sends to a socket that journald listens on (systemd.io/JOURNAL_NATIVE_PROTOCOL). An entry has MESSAGE,
// PRIORITY, SYSLOG_IDENTIFIER, and SSYNC_TRANS_ID and so on for each field of the context.
// What cannot be sent, or not soon, goes to stderr, which has to be the stream that systemd connects with the
// journal, with its priority and without its fields; of the first such line the reason is said there too. No
// libsystemd: it takes a line for sent if there is no socket.
class JournalSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  JournalSink(std::string name, LineFormat format, std::string socket);

 protected:
  void sink_it_(const spdlog::details::log_msg& message) override;
  void flush_() override {}
  // What an entry has, is no matter of patterns.
  void set_pattern_(const std::string& /*pattern*/) override {}
  void set_formatter_(std::unique_ptr<spdlog::formatter> /*formatter*/) override {}

 private:
  [[nodiscard]] bool send(const std::string& entry) const;
  void write_to_stderr(const spdlog::details::log_msg& message, int error);

  std::string name_;
  LineFormat format_;
  std::string socket_path_;
  Fd socket_;
  bool has_said_why_ = false;
};

}  // namespace ssync
