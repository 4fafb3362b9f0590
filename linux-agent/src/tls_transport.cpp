#include "tls_transport.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "boot_clock.h"
#include "text.h"

namespace dvx::agent {
namespace {

std::string tlsError() {
  unsigned long code = ERR_peek_last_error();
  ERR_clear_error();
  if (code == 0) {
    return "the connection was closed";
  }
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "TLS error " + std::to_string(code) : reason;
}

std::string fingerprint(const X509* certificate) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  if (X509_digest(certificate, EVP_sha256(), digest, &length) != 1) {
    return "";
  }
  return toHex(std::string(reinterpret_cast<char*>(digest), length));
}

/**
 * The chain must hold the pinned CA certificate; the leaf must be signed by it, be valid now and be made for servers:
 * the agents' own certificates are signed by the same CA and must not pass for a coordinator's.
 */
int verifyPinned(X509_STORE_CTX* store, void* argument) {
  const std::string& pin = *static_cast<const std::string*>(argument);
  STACK_OF(X509)* chain = X509_STORE_CTX_get0_untrusted(store);
  X509* authority = nullptr;
  for (int i = 0; i < sk_X509_num(chain); i++) {
    if (fingerprint(sk_X509_value(chain, i)) == pin) {
      authority = sk_X509_value(chain, i);
    }
  }
  X509* leaf = X509_STORE_CTX_get0_cert(store);
  if (authority == nullptr || leaf == nullptr) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED);
    return 0;
  }
  bool forServers = (X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE) != 0 &&
                    (X509_get_extended_key_usage(leaf) & XKU_SSL_SERVER) != 0;
  if (X509_cmp(authority, leaf) == 0 || !forServers) {
    X509_STORE_CTX_set_error(store, X509_V_ERR_INVALID_PURPOSE);
    return 0;
  }
  STACK_OF(X509)* trusted = sk_X509_new_null();
  if (trusted == nullptr || sk_X509_push(trusted, authority) == 0) {
    sk_X509_free(trusted);
    return 0;
  }
  X509_STORE_CTX_set0_trusted_stack(store, trusted);
  X509_STORE_CTX_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  X509_STORE_CTX_set_depth(store, 1);
  int result = X509_verify_cert(store);
  sk_X509_free(trusted);
  return result == 1 ? 1 : 0;
}

int clipMillis(std::int64_t millis) {
  return static_cast<int>(std::clamp<std::int64_t>(millis, 0, INT_MAX));
}

}  // namespace

TlsTransport::TlsTransport(ClientIdentity& identity)
    : identity_(identity), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

TlsTransport::~TlsTransport() { close(); }

void TlsTransport::wake() { ::eventfd_write(wake_.get(), 1); }

void TlsTransport::close() {
  if (tls_ != nullptr) {
    SSL_shutdown(tls_);
    SSL_free(tls_);
    tls_ = nullptr;
  }
  if (context_ != nullptr) {
    SSL_CTX_free(context_);
    context_ = nullptr;
  }
  ERR_clear_error();
  socket_.reset();
}

TlsTransport::Waited TlsTransport::wait(short events, std::int64_t millis, bool wakeable) {
  pollfd both[2] = {{socket_.get(), events, 0}, {wake_.get(), POLLIN, 0}};
  int ready = ::poll(both, wakeable ? 2 : 1, clipMillis(millis));
  if (ready > 0 && both[0].revents != 0) {
    return Waited::kReady;
  }
  if (ready > 0) {
    eventfd_t ignored;
    ::eventfd_read(wake_.get(), &ignored);
    return Waited::kWoken;
  }
  return Waited::kTimeout;
}

bool TlsTransport::openSocket(const Endpoint& server, std::int64_t until, std::string& error) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* found = nullptr;
  int result = ::getaddrinfo(server.host.c_str(), std::to_string(server.port).c_str(), &hints, &found);
  if (result != 0) {
    error = std::string("the name cannot be resolved: ") + ::gai_strerror(result);
    return false;
  }
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
  error = "no address";
  for (const addrinfo* one = found; one != nullptr && bootMillis() < until; one = one->ai_next) {
    socket_ = Fd(::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, one->ai_protocol));
    if (!socket_.valid()) {
      error = errnoText();
      continue;
    }
    int failure = 0;
    if (::connect(socket_.get(), one->ai_addr, one->ai_addrlen) != 0) {
      failure = errno;
      if (failure == EINPROGRESS) {
        socklen_t length = sizeof failure;
        failure = ETIMEDOUT;
        // An address that does not answer leaves time for the next one.
        std::int64_t left = until - bootMillis();
        if (wait(POLLOUT, one->ai_next != nullptr ? left / 2 : left, false) == Waited::kReady) {
          ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &failure, &length);
        }
      }
    }
    if (failure == 0) {
      int on = 1;
      ::setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      return true;
    }
    errno = failure;
    error = errnoText();
    socket_.reset();
  }
  return false;
}

bool TlsTransport::connect(const Endpoint& server, const std::string& caPin, bool withIdentity,
                           std::int64_t limitMillis, std::string& error) {
  close();
  std::int64_t until = bootMillis() + limitMillis;
  pin_ = caPin;
  context_ = SSL_CTX_new(TLS_client_method());
  if (context_ == nullptr || SSL_CTX_set_min_proto_version(context_, TLS1_3_VERSION) != 1) {
    error = tlsError();
    return false;
  }
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(context_, verifyPinned, &pin_);
  SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (withIdentity && !identity_.use(context_, error)) {
    return false;
  }
  if (!openSocket(server, until, error)) {
    return false;
  }
  return handshake(until, error);
}

bool TlsTransport::handshake(std::int64_t until, std::string& error) {
  tls_ = SSL_new(context_);
  if (tls_ == nullptr || SSL_set_fd(tls_, socket_.get()) != 1) {
    error = tlsError();
    return false;
  }
  for (;;) {
    ERR_clear_error();
    int result = SSL_connect(tls_);
    if (result == 1) {
      return true;
    }
    int why = SSL_get_error(tls_, result);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
      long verified = SSL_get_verify_result(tls_);
      error = verified == X509_V_OK
                  ? tlsError()
                  : std::string("the server is not the coordinator that this agent knows: ") +
                        X509_verify_cert_error_string(verified);
      return false;
    }
    std::int64_t left = until - bootMillis();
    if (left <= 0 || wait(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, left, false) == Waited::kTimeout) {
      error = "the TLS handshake did not come to an end in time";
      return false;
    }
  }
}

bool TlsTransport::send(const std::string& bytes, std::int64_t limitMillis) {
  std::int64_t until = bootMillis() + limitMillis;
  for (std::size_t at = 0; at < bytes.size();) {
    if (tls_ == nullptr) {
      return false;
    }
    std::size_t written = 0;
    ERR_clear_error();
    int result = SSL_write_ex(tls_, bytes.data() + at, bytes.size() - at, &written);
    if (result == 1) {
      at += written;
      continue;
    }
    int why = SSL_get_error(tls_, result);
    std::int64_t left = until - bootMillis();
    bool again = (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) && left > 0 &&
                 wait(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, left, false) == Waited::kReady;
    if (!again) {
      return false;
    }
  }
  return true;
}

Received TlsTransport::receive(char* buffer, std::size_t capacity, std::size_t& count, std::int64_t waitMillis) {
  count = 0;
  for (bool waited = false;; waited = true) {
    if (tls_ == nullptr) {
      return Received::kClosed;
    }
    ERR_clear_error();
    int result = SSL_read_ex(tls_, buffer, capacity, &count);
    if (result == 1) {
      return Received::kBytes;
    }
    int why = SSL_get_error(tls_, result);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
      return Received::kClosed;
    }
    if (waited || wait(why == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, waitMillis, true) != Waited::kReady) {
      return Received::kNothing;
    }
  }
}

}  // namespace dvx::agent
