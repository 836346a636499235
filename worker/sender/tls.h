// TLS under a sender's connection, with OpenSSL.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

struct ssl_ctx_st;
struct ssl_st;

namespace ssync {

// PEM files. Without a certificate the sender does not say who it is.
struct TlsFiles {
  std::string ca;           // certificates of those who sign receivers' certificates
  std::string certificate;  // the sender's own, with its chain; empty: none
  std::string key;
};

// What all connections of a sender have in common: TLS 1.2 or later.
class TlsContext {
 public:
  // Reads the files. Throws ConfigError that names option and file for one that cannot be used.
  explicit TlsContext(const TlsFiles& files);

  [[nodiscard]] ssl_ctx_st* get() const noexcept { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const noexcept;
  };
  std::unique_ptr<ssl_ctx_st, Free> context_;
};

// TLS on a connected socket that does not block. The socket's owner waits for it.
class TlsChannel {
 public:
  enum class Step { done, wants_read, wants_write };

  // name is what the receiver's certificate has to be for: an address or a host's name. fd is not owned.
  TlsChannel(const TlsContext& context, int fd, const std::string& name);

  // Goes on with the handshake. Throws ConnectionLost with the reason and a remedy if it fails.
  Step shake_hands();
  // As ::send() and ::recv() with MSG_DONTWAIT: -1 with EAGAIN if it has to be tried again, with the same
  // data.
  ssize_t send(std::string_view data);
  ssize_t receive(char* to, std::size_t size);

 private:
  struct Free {
    void operator()(ssl_st* tls) const noexcept;
  };
  [[nodiscard]] std::string reason() const;
  ssize_t failed(int result);

  std::unique_ptr<ssl_st, Free> tls_;
};

}  // namespace ssync
