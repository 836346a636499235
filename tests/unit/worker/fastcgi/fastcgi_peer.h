// nginx's side of FastCGI: a listening socket, and a connection to it that sends whatever a test makes up.
#pragma once

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include "common/os/blocked_signals.h"
#include "common/os/fd.h"
#include "tests/temporary_directory.h"

namespace ssync {

// The types of records that are spoken here.
enum class RecordType : unsigned char {
  begin_request = 1,
  abort_request = 2,
  end_request = 3,
  params = 4,
  input = 5,
  output = 6,
};

inline sockaddr_un unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(static_cast<char*>(address.sun_path), sizeof(address.sun_path) - 1);
  return address;
}

// A non-blocking socket that listens in a directory of its own, as the pool makes it.
class FastCgiListener {
 public:
  FastCgiListener() : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    const sockaddr_un address = unix_address(path());
    if (::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
        ::listen(fd_.get(), 16) != 0) {
      throw std::system_error(errno, std::generic_category(), path());
    }
  }

  [[nodiscard]] int fd() const noexcept { return fd_.get(); }
  [[nodiscard]] std::string path() const { return directory_.path() + "/socket"; }

 private:
  TemporaryDirectory directory_;
  Fd fd_;
};

// What came back on a connection until it was closed.
struct FastCgiResponse {
  std::string output;
  // The protocol status of each END_REQUEST.
  std::vector<int> ends = {};
  // False if that was not awaited.
  bool was_closed = false;
};

class FastCgiPeer {
 public:
  static constexpr int kRequestId = 1;

  explicit FastCgiPeer(const FastCgiListener& listener)
      : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    // Of a test that fails, which is not to hang.
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    const sockaddr_un address = unix_address(listener.path());
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      throw std::system_error(errno, std::generic_category(), listener.path());
    }
  }

  // What it is to send may be more than a socket takes with nobody reading yet.
  void send_raw(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent < 0) throw std::system_error(errno, std::generic_category(), "send");
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  // A record as it goes over the wire. Its head says declared bytes, or as many as there are.
  static std::string record(int type, std::string_view content, int request_id = kRequestId, int padding = 0,
                            int declared = -1, int version = 1) {
    const int length = declared < 0 ? static_cast<int>(content.size()) : declared;
    std::string bytes;
    for (const int byte :
         {version, type, request_id >> 8, request_id & 0xff, length >> 8, length & 0xff, padding, 0}) {
      bytes += static_cast<char>(byte);
    }
    return bytes.append(content).append(static_cast<std::size_t>(padding), '\xee');
  }
  static std::string record(RecordType type, std::string_view content, int request_id = kRequestId) {
    return record(static_cast<int>(type), content, request_id);
  }

  static std::string begin(bool keep_connection = false, int role = 1, int request_id = kRequestId) {
    const std::string body{
        '\0', static_cast<char>(role), static_cast<char>(keep_connection ? 1 : 0), '\0', '\0', '\0', '\0',
        '\0'};
    return record(RecordType::begin_request, body, request_id);
  }

  using Params = std::vector<std::pair<std::string, std::string>>;
  static std::string encoded(const Params& params) {
    std::string content;
    for (const auto& [name, value] : params) {
      append_length(name.size(), content);
      append_length(value.size(), content);
      content.append(name).append(value);
    }
    return content;
  }
  static std::string head(const Params& params = {}, bool keep_connection = false) {
    std::string bytes = begin(keep_connection);
    if (!params.empty()) bytes += record(RecordType::params, encoded(params));
    return bytes + record(RecordType::params, "");
  }
  static std::string input(std::string_view data) { return record(RecordType::input, data); }

  // The connection breaks, from this side.
  void close() { fd_.reset(); }
  void shut_down_sending() const { ::shutdown(fd_.get(), SHUT_WR); }

  // Waits until these bytes have come, in whatever records, and nothing after them.
  void await_output(std::string_view output) const {
    std::string bytes;
    std::array<char, 4096> piece{};
    while (parse(bytes).output != output) {
      const ssize_t size = ::recv(fd_.get(), piece.data(), piece.size(), 0);
      if (size <= 0) throw std::runtime_error("the connection ended instead");
      bytes.append(piece.data(), static_cast<std::size_t>(size));
    }
  }

  // Reads until the other side closes and then closes too, as nginx does: whoever ends a request waits for
  // that. In a thread of its own, and this object is not to be used any more before that has ended. It pauses
  // so long after each piece.
  std::future<FastCgiResponse> collect(std::chrono::milliseconds pause = {}) {
    return std::async(std::launch::async, [this, pause] {
      // The time of a read is the business of the thread that reads requests.
      const BlockedSignals signals;
      std::string bytes;
      std::array<char, 65536> piece{};
      ssize_t size = 0;
      while ((size = ::recv(fd_.get(), piece.data(), piece.size(), 0)) > 0) {
        bytes.append(piece.data(), static_cast<std::size_t>(size));
        if (pause.count() != 0) std::this_thread::sleep_for(pause);
      }
      close();
      FastCgiResponse response = parse(bytes);
      response.was_closed = size == 0;
      return response;
    });
  }

 private:
  static void append_length(std::size_t length, std::string& text) {
    if (length < 128) {
      text += static_cast<char>(length);
      return;
    }
    for (const unsigned shift : {24U, 16U, 8U, 0U}) {
      text += static_cast<char>((length >> shift & 0xffU) | (shift == 24U ? 0x80U : 0U));
    }
  }

  static FastCgiResponse parse(std::string_view bytes) {
    FastCgiResponse response;
    const auto byte = [&](std::size_t at) { return static_cast<int>(static_cast<unsigned char>(bytes[at])); };
    constexpr std::size_t kHeadSize = 8;
    constexpr std::size_t kProtocolStatusAt = kHeadSize + 4;
    while (bytes.size() >= kHeadSize) {
      const auto length = static_cast<std::size_t>(byte(4) << 8 | byte(5));
      const auto whole = kHeadSize + length + static_cast<std::size_t>(byte(6));
      if (bytes.size() < whole) break;
      const auto type = static_cast<RecordType>(byte(1));
      if (type == RecordType::output) {
        response.output += bytes.substr(kHeadSize, length);
      } else if (type == RecordType::end_request) {
        response.ends.push_back(byte(kProtocolStatusAt));
      }
      bytes.remove_prefix(whole);
    }
    return response;
  }

  Fd fd_;
};

}  // namespace ssync
