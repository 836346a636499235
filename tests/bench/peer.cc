// bench-peer: an object server that has every partition as whoever asks has it. Each request is answered with
// the same body, out of memory. It listens on a port that the kernel chooses, prints "ready PORT", and runs
// until its standard input ends.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>
#include <unordered_map>

#include "common/os/errors.h"
#include "common/os/fd.h"

namespace {

constexpr int kMistake = 2;
constexpr int kBacklog = 1024;
constexpr int kEvents = 64;
constexpr std::string_view kHeadEnd = "\r\n\r\n";
// No request of a replicator is longer; whoever sends more is cut off.
constexpr std::size_t kLongestHead = 16384;

class Peer {
 public:
  explicit Peer(const std::string& body)
      : answer_("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body),
        listening_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    sockaddr_in any{};
    any.sin_family = AF_INET;
    auto* const address = reinterpret_cast<sockaddr*>(&any);
    socklen_t size = sizeof any;
    if (!listening_ || !epoll_ || ::bind(listening_.get(), address, size) != 0 ||
        ::listen(listening_.get(), kBacklog) != 0 || ::getsockname(listening_.get(), address, &size) != 0) {
      ssync::throw_os_error("cannot listen");
    }
    port_ = ntohs(any.sin_port);
    watch(listening_.get());
    watch(STDIN_FILENO);
  }

  [[nodiscard]] int port() const noexcept { return port_; }

  void serve() {
    std::array<epoll_event, kEvents> events{};
    for (;;) {
      const int count = ::epoll_wait(epoll_.get(), events.data(), kEvents, -1);
      for (int at = 0; at < count; ++at) {
        const int fd = events.at(static_cast<std::size_t>(at)).data.fd;
        if (fd == STDIN_FILENO) return;
        if (fd == listening_.get()) {
          accept();
        } else if (!answer(connections_.at(fd))) {
          connections_.erase(fd);
        }
      }
    }
  }

 private:
  struct Connection {
    ssync::Fd fd;
    std::string in = {};
  };

  void watch(int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) ssync::throw_os_error("epoll_ctl");
  }

  void accept() {
    ssync::Fd fd(::accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd) return;
    const int yes = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    watch(fd.get());
    const int number = fd.get();
    connections_.insert_or_assign(number, Connection{.fd = std::move(fd)});
  }

  // False once the connection is over.
  bool answer(Connection& connection) {
    std::array<char, 4096> piece{};
    const ssize_t size = ::recv(connection.fd.get(), piece.data(), piece.size(), 0);
    if (size <= 0) return false;
    connection.in.append(piece.data(), static_cast<std::size_t>(size));
    for (std::size_t end = 0; (end = connection.in.find(kHeadEnd)) != std::string::npos;) {
      connection.in.erase(0, end + kHeadEnd.size());
      const ssize_t sent = ::send(connection.fd.get(), answer_.data(), answer_.size(), MSG_NOSIGNAL);
      if (sent != static_cast<ssize_t>(answer_.size())) return false;
    }
    return connection.in.size() <= kLongestHead;
  }

  std::string answer_;
  ssync::Fd listening_;
  ssync::Fd epoll_;
  int port_ = 0;
  std::unordered_map<int, Connection> connections_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app{"Answers every request with the bytes of a file."};
    std::string path;
    app.add_option("body", path, "the file")->required();
    CLI11_PARSE(app, argc, argv);
    const ssync::Fd file = ssync::open_file(path, O_RDONLY);
    std::array<char, 65536> body{};
    const ssize_t size = file ? ::read(file.get(), body.data(), body.size()) : -1;
    if (size < 0) ssync::throw_os_error(path);
    Peer peer(std::string(body.data(), static_cast<std::size_t>(size)));
    std::printf("ready %d\n", peer.port());
    std::fflush(stdout);
    peer.serve();
    return 0;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "bench-peer: %s\n", error.what());
    return kMistake;
  }
}
