#include "worker/sender/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>

#include "common/config/errors.h"
#include "worker/sender/errors.h"

namespace ssync {
namespace {

// The first error that OpenSSL noted, in words: those after it say what became of it.
std::string library_error() {
  const unsigned long code = ::ERR_peek_error();
  if (ERR_SYSTEM_ERROR(code)) return std::strerror(ERR_GET_REASON(code));
  const char* const text = ::ERR_reason_error_string(code);
  return text == nullptr ? "unknown error" : text;
}

[[noreturn]] void refuse_file(std::string_view option, const std::string& path, std::string_view remedy) {
  throw ConfigError(std::string(option) + " " + path + ": " + library_error() + "; " + std::string(remedy));
}

bool is_address(const std::string& name) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return ::inet_pton(AF_INET, name.c_str(), address.data()) == 1 ||
         ::inet_pton(AF_INET6, name.c_str(), address.data()) == 1;
}

std::string_view remedy_for(long verify_result) {
  switch (verify_result) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return "renew the receiver's certificate, or correct the clock of this machine";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return "give the name that the certificate is for with --tls-name";
    default:
      return "give the certificate of who signed it with --tls-ca";
  }
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const noexcept { ::SSL_CTX_free(context); }

TlsContext::TlsContext(const TlsFiles& files) : context_(::SSL_CTX_new(::TLS_client_method())) {
  if (!context_) throw ConfigError("cannot set up TLS: " + library_error());
  // OpenSSL writes to a socket in ways that raise it when the receiver has gone.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  ::SSL_CTX_set_min_proto_version(get(), TLS1_2_VERSION);
  ::SSL_CTX_set_options(get(), SSL_OP_NO_RENEGOTIATION);
  ::SSL_CTX_set_mode(get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_verify(get(), SSL_VERIFY_PEER, nullptr);
  ::ERR_clear_error();
  if (::SSL_CTX_load_verify_file(get(), files.ca.c_str()) != 1) {
    refuse_file("--tls-ca", files.ca, "give a PEM file with the certificate of who signed the receiver's");
  }
  if (files.certificate.empty()) return;
  if (::SSL_CTX_use_certificate_chain_file(get(), files.certificate.c_str()) != 1) {
    refuse_file("--tls-cert", files.certificate, "give a PEM file with this sender's certificate");
  }
  if (::SSL_CTX_use_PrivateKey_file(get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    refuse_file("--tls-key", files.key, "give a PEM file with the key of --tls-cert");
  }
}

void TlsChannel::Free::operator()(ssl_st* tls) const noexcept { ::SSL_free(tls); }

TlsChannel::TlsChannel(const TlsContext& context, int fd, const std::string& name)
    : tls_(::SSL_new(context.get())) {
  const bool address = is_address(name);
  if (!tls_ || ::SSL_set_fd(tls_.get(), fd) != 1 ||
      (address ? ::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(tls_.get()), name.c_str())
               : ::SSL_set1_host(tls_.get(), name.c_str())) != 1 ||
      (!address && ::SSL_ctrl(tls_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                              const_cast<char*>(name.c_str())) != 1)) {
    throw ConnectionLost("cannot set up TLS for " + name + ": " + library_error());
  }
  ::SSL_set_connect_state(tls_.get());
}

// Why a handshake failed.
std::string TlsChannel::reason() const {
  const long verified = ::SSL_get_verify_result(tls_.get());
  if (verified != X509_V_OK) {
    return std::string("its certificate is not accepted: ") + ::X509_verify_cert_error_string(verified) +
           "; " + std::string(remedy_for(verified));
  }
  if (::ERR_peek_error() != 0) return "TLS failed: " + library_error() + "; is it a port with TLS?";
  return "TLS failed: the connection was closed; is it a port with TLS?";
}

TlsChannel::Step TlsChannel::shake_hands() {
  ::ERR_clear_error();
  const int result = ::SSL_do_handshake(tls_.get());
  if (result == 1) return Step::done;
  switch (::SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return Step::wants_read;
    case SSL_ERROR_WANT_WRITE:
      return Step::wants_write;
    default:
      throw ConnectionLost(reason());
  }
}

// Sets errno. 0 for the end of the connection.
ssize_t TlsChannel::failed(int result) {
  const int system_error = errno;
  switch (::SSL_get_error(tls_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      errno = EAGAIN;
      return -1;
    case SSL_ERROR_ZERO_RETURN:
      errno = EPIPE;
      return 0;
    case SSL_ERROR_SYSCALL:
      errno = system_error == 0 || system_error == EAGAIN ? ECONNRESET : system_error;
      return -1;
    default:
      errno = EPROTO;
      return -1;
  }
}

ssize_t TlsChannel::send(std::string_view data) {
  ::ERR_clear_error();
  errno = 0;
  const int result =
      ::SSL_write(tls_.get(), data.data(), static_cast<int>(std::min<std::size_t>(data.size(), INT_MAX)));
  if (result > 0) return result;
  // For a sender a receiver that has ended the connection is an error like others.
  static_cast<void>(failed(result));
  return -1;
}

ssize_t TlsChannel::receive(char* to, std::size_t size) {
  ::ERR_clear_error();
  errno = 0;
  const int result = ::SSL_read(tls_.get(), to, static_cast<int>(std::min<std::size_t>(size, INT_MAX)));
  return result > 0 ? result : failed(result);
}

}  // namespace ssync
