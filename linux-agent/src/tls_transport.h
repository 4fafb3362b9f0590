// TLS 1.3 by OpenSSL on a non-blocking socket.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "fd.h"
#include "platform.h"

namespace dvx::agent {

/** The client identity to show: PEM texts. */
class ClientIdentity {
 public:
  virtual ~ClientIdentity() = default;
  /** Puts key and certificate into the context; false with the reason. */
  virtual bool use(SSL_CTX* context, std::string& error) = 0;
};

class TlsTransport : public Transport {
 public:
  explicit TlsTransport(ClientIdentity& identity);
  ~TlsTransport() override;

  bool connect(const Endpoint& server, const std::string& caPin, bool withIdentity, std::int64_t limitMillis,
               std::string& error) override;
  bool send(const std::string& bytes, std::int64_t limitMillis) override;
  Received receive(char* buffer, std::size_t capacity, std::size_t& count, std::int64_t waitMillis) override;
  void wake() override;
  void close() override;

 private:
  enum class Waited { kReady, kWoken, kTimeout };

  bool openSocket(const Endpoint& server, std::int64_t until, std::string& error);
  bool handshake(std::int64_t until, std::string& error);
  Waited wait(short events, std::int64_t millis, bool wakeable);

  ClientIdentity& identity_;
  Fd wake_;
  Fd socket_;
  SSL_CTX* context_ = nullptr;
  SSL* tls_ = nullptr;
  std::string pin_;
};

}  // namespace dvx::agent
