// Parses an HTTP/1.1 response.
#pragma once

#include <cstddef>
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
  bool keeps_connection = false;                             // another request may follow on it

  // Parses the status line and headers, without the empty line. Throws ReceiverRefused if it is not HTTP/1.x.
  static HttpResponseHead parse(std::string_view text);
  // The first value, or nullptr. name is in lower case.
  [[nodiscard]] const std::string* find(std::string_view name) const;
};

// Decodes the framing of a response's body, piece by piece.
class HttpBodyDecoder {
 public:
  // For input of unknown framing, before the head is parsed.
  HttpBodyDecoder() = default;
  // Framed by chunks, by Content-Length, or by the end of the connection. Throws ReceiverRefused.
  explicit HttpBodyDecoder(const HttpResponseHead& head);
  // Of a response that has none whatever its head says, as to HEAD.
  static HttpBodyDecoder of_no_body() noexcept;

  // Appends the body's bytes in raw. How many bytes of raw that took: not all if the body ends before. Throws
  // ReceiverRefused for malformed chunks.
  std::size_t decode(std::string_view raw, std::string& body);
  // True once the body is complete, with what follows its last chunk (never for one that ends with the
  // connection).
  [[nodiscard]] bool ended() const noexcept { return state_ == State::ended; }

 private:
  enum class State { size_line, data, data_end, trailers, to_connection_end, ended };
  void take_size_byte(char byte);
  void take_trailer_byte(char byte);

  State state_ = State::to_connection_end;
  bool chunked_ = false;
  std::uint64_t left_ = 0;  // bytes left of the chunk or the body
  std::string size_line_;
  std::size_t trailers_size_ = 0;
  bool is_in_trailer_ = false;  // its line is not empty
};

}  // namespace ssync
