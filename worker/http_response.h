// An HTTP/1.1 response as its client reads it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ssync {

struct HttpResponseHead {
  int status = 0;
  std::string reason;                                        // may be empty
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, values stripped

  // From the status line to the last header, without the empty line. Throws ReceiverRefused for what is no
  // HTTP/1.x.
  static HttpResponseHead parse(std::string_view text);
  // The first value, or nullptr. name is in lower case.
  [[nodiscard]] const std::string* find(std::string_view name) const;
};

// Takes the framing off a response's body, as it comes in pieces.
class HttpBodyDecoder {
 public:
  // Of a body of unknown framing, before there is a head.
  HttpBodyDecoder() = default;
  // Chunked, as long as Content-Length says, or to the connection's end. Throws ReceiverRefused.
  explicit HttpBodyDecoder(const HttpResponseHead& head);

  // Appends what raw holds of the body. What follows its end is dropped. Throws ReceiverRefused for chunks
  // that are none.
  void decode(std::string_view raw, std::string& body);
  // True once the body is complete (never for one that only the connection's end ends).
  [[nodiscard]] bool ended() const noexcept { return state_ == State::ended; }

 private:
  enum class State { size_line, data, data_end, to_connection_end, ended };
  void take_size_byte(char byte);

  State state_ = State::to_connection_end;
  bool chunked_ = false;
  std::uint64_t left_ = 0;  // of the chunk, or the body
  std::string size_line_;
};

}  // namespace ssync
