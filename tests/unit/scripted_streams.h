// A session's body and response as a test writes and reads them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "common/os/errors.h"
#include "worker/request/errors.h"
#include "worker/request/streams.h"

namespace ssync {

// What comes after the script's last byte.
enum class ScriptEnd {
  clean,      // the last chunk
  cut,        // the connection is gone
  silence,    // client_timeout passes
  interrupt,  // the worker is told to stop
};

// A body that is a string. Its pieces are at most piece_size bytes.
class ScriptedInput final : public RequestInput {
 public:
  explicit ScriptedInput(std::string script, ScriptEnd end = ScriptEnd::clean,
                         std::size_t piece_size = std::numeric_limits<std::size_t>::max())
      : script_(std::move(script)), end_(end), piece_size_(piece_size) {}

  std::string_view read_line(std::string_view context) override {
    const std::size_t newline = script_.find('\n', offset_);
    if (newline == std::string::npos) {
      if (end_ != ScriptEnd::clean) fail(context);
      if (offset_ != script_.size()) throw ClientGone(std::string(context) + ": cut line");
      return {};
    }
    return take(newline + 1 - offset_);
  }

  std::string_view read_some(std::size_t limit, std::string_view context) override {
    const std::size_t size = std::min({limit, piece_size_, script_.size() - offset_});
    if (size == 0) {
      if (end_ != ScriptEnd::clean) fail(context);
      throw ClientGone(std::string(context) + ": early end");
    }
    return take(size);
  }

  bool is_waiting() override { return offset_ == script_.size(); }

  // Bytes not read yet.
  [[nodiscard]] std::string_view unread() const { return std::string_view(script_).substr(offset_); }

 private:
  // A copy that the next read spoils, so that a view kept too long is seen.
  std::string_view take(std::size_t size) {
    last_ = std::string(script_, offset_, size);
    offset_ += size;
    return last_;
  }

  [[noreturn]] void fail(std::string_view context) const {
    if (end_ == ScriptEnd::silence) throw ClientTimeout("60.0 seconds: " + std::string(context));
    if (end_ == ScriptEnd::interrupt) throw Interrupted("told to stop");
    throw ClientGone(std::string(context) + ": connection closed");
  }

  std::string script_;
  std::string last_;
  std::size_t offset_ = 0;
  ScriptEnd end_;
  std::size_t piece_size_;
};

// Keeps what is sent. Past `limit` bytes the peer is gone.
class CollectedOutput final : public ResponseOutput {
 public:
  void write(std::string_view data) override { pending_.append(data); }
  void flush() override {
    if (sent_.size() + pending_.size() > limit_) throw ClientGone("broken pipe");
    sent_ += pending_;
    pending_.clear();
  }

  void set_limit(std::size_t limit) { limit_ = limit; }
  // What was flushed: only that has left.
  [[nodiscard]] const std::string& sent() const noexcept { return sent_; }

 private:
  std::string pending_;
  std::string sent_;
  std::size_t limit_ = std::numeric_limits<std::size_t>::max();
};

}  // namespace ssync
