#include "worker/sender/http_response.h"

#include <algorithm>
#include <charconv>

#include "common/python/repr.h"
#include "common/python/text.h"
#include "worker/protocol/markers.h"
#include "worker/sender/errors.h"

namespace ssync {
namespace {

constexpr std::size_t kLongestSizeLine = 4096;  // chunk extensions included
constexpr std::size_t kLongestTrailers = 64UL * 1024;

// Parses the whole text as a number. False if it is not one.
bool read_number(std::string_view text, int base, std::uint64_t& number) {
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return !text.empty() && read.ec == std::errc() && read.ptr == text.data() + text.size();
}

[[noreturn]] void refuse(const char* what, std::string_view text) {
  throw ReceiverRefused(std::string(what) + ": " + python::repr_bytes(quotable(text)));
}

}  // namespace

HttpResponseHead HttpResponseHead::parse(std::string_view text) {
  HttpResponseHead head;
  bool is_first = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = python::strip(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (is_first) {
      is_first = false;
      std::uint64_t status = 0;
      // "HTTP/1.1 200 OK"
      if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ' ||
          !read_number(line.substr(9, 3), 10, status) || status < 100) {
        refuse("response is not HTTP", line);
      }
      head.status = static_cast<int>(status);
      head.reason = python::strip(line.substr(12));
      head.keeps_connection = line[7] != '0';
      continue;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) refuse("malformed header in response", line);
    head.headers.emplace_back(python::lower_ascii(python::strip(line.substr(0, colon))),
                              python::strip(line.substr(colon + 1)));
  }
  if (is_first) refuse("response is not HTTP", text);
  const std::string* const connection = head.find("connection");
  if (connection != nullptr && python::lower_ascii(*connection) == "close") head.keeps_connection = false;
  return head;
}

const std::string* HttpResponseHead::find(std::string_view name) const {
  const auto header =
      std::find_if(headers.begin(), headers.end(), [&](const auto& item) { return item.first == name; });
  return header == headers.end() ? nullptr : &header->second;
}

HttpBodyDecoder::HttpBodyDecoder(const HttpResponseHead& head) {
  if (const std::string* encoding = head.find("transfer-encoding")) {
    if (python::lower_ascii(*encoding) != "chunked") refuse("unsupported Transfer-Encoding", *encoding);
    state_ = State::size_line;
    chunked_ = true;
  } else if (const std::string* length = head.find("content-length")) {
    if (!read_number(*length, 10, left_)) refuse("invalid Content-Length in response", *length);
    state_ = left_ == 0 ? State::ended : State::data;
  }
}

HttpBodyDecoder HttpBodyDecoder::of_no_body() noexcept {
  HttpBodyDecoder decoder;
  decoder.state_ = State::ended;
  return decoder;
}

std::size_t HttpBodyDecoder::decode(std::string_view raw, std::string& body) {
  const std::size_t size_of_all = raw.size();
  while (!raw.empty()) {
    switch (state_) {
      case State::ended:
        return size_of_all - raw.size();
      case State::to_connection_end:
        body.append(raw);
        return size_of_all;
      case State::data: {
        const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left_, raw.size()));
        body.append(raw.substr(0, size));
        raw.remove_prefix(size);
        left_ -= size;
        if (left_ == 0) state_ = chunked_ ? State::data_end : State::ended;
        break;
      }
      case State::data_end:
        // CRLF, or LF alone.
        if (raw.front() == '\n') {
          state_ = State::size_line;
        } else if (raw.front() != '\r') {
          refuse("missing line end after a chunk of the response", raw);
        }
        raw.remove_prefix(1);
        break;
      case State::size_line:
        take_size_byte(raw.front());
        raw.remove_prefix(1);
        break;
      case State::trailers:
        take_trailer_byte(raw.front());
        raw.remove_prefix(1);
        break;
    }
  }
  return size_of_all;
}

void HttpBodyDecoder::take_size_byte(char byte) {
  if (byte != '\n') {
    size_line_ += byte;
    if (size_line_.size() > kLongestSizeLine) refuse("chunk size line in response is too long", size_line_);
    return;
  }
  const std::string_view line = size_line_;
  if (!read_number(python::strip(line.substr(0, line.find(';'))), 16, left_)) {
    refuse("invalid chunk size in response", size_line_);
  }
  size_line_.clear();
  state_ = left_ == 0 ? State::trailers : State::data;
}

// They are ignored; an empty line ends them.
void HttpBodyDecoder::take_trailer_byte(char byte) {
  if (++trailers_size_ > kLongestTrailers) refuse("trailers of the response are too long", "");
  if (byte == '\n') {
    if (!is_in_trailer_) state_ = State::ended;
    is_in_trailer_ = false;
  } else if (byte != '\r') {
    is_in_trailer_ = true;
  }
}

}  // namespace ssync
