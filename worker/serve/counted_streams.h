// Streams of a request whose lines and bytes are counted on the board.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "worker/pool/board.h"
#include "worker/request/streams.h"

namespace ssync {

class CountedInput final : public RequestInput {
 public:
  CountedInput(RequestInput& input, Progress& progress) : input_(input), progress_(progress) {}

  std::string_view read_line(std::string_view context) override {
    const std::string_view line = input_.read_line(context);
    progress_.lines += line.empty() ? 0 : 1;
    progress_.bytes_in += static_cast<std::int64_t>(line.size());
    return line;
  }
  std::string_view read_some(std::size_t limit, std::string_view context) override {
    const std::string_view piece = input_.read_some(limit, context);
    progress_.bytes_in += static_cast<std::int64_t>(piece.size());
    return piece;
  }
  [[nodiscard]] bool is_waiting() override { return input_.is_waiting(); }

 private:
  RequestInput& input_;
  Progress& progress_;
};

class CountedOutput final : public ResponseOutput {
 public:
  CountedOutput(ResponseOutput& output, Progress& progress) : output_(output), progress_(progress) {}

  void write(std::string_view data) override {
    output_.write(data);
    progress_.bytes_out += static_cast<std::int64_t>(data.size());
  }
  void flush() override { output_.flush(); }

 private:
  ResponseOutput& output_;
  Progress& progress_;
};

}  // namespace ssync
