// What the shared code asks of an operating system.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "messages.h"

namespace dvx::agent {

/** Monotonic milliseconds, sleep of the machine included where the system can. Never the time of day. */
class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t nowMillis() = 0;
};

struct Endpoint {
  std::string host;
  int port = 0;
};

enum class Received {
  kBytes,
  /** The wait is over, or wake() was called. */
  kNothing,
  /** The other side closed, or the connection broke: it is of no use any more. */
  kClosed,
};

/** One TLS connection to the coordinator. All but wake() on the agent's thread. */
class Transport {
 public:
  virtual ~Transport() = default;

  /**
   * Connects, with the handshake, within `limitMillis`. `caPin` is the lower case hex SHA-256 of the coordinator's CA
   * certificate: the server's chain must hold that certificate and its leaf be signed by it and be valid now.
   * `withIdentity`: shows the stored client certificate. False with the reason in `error`.
   */
  virtual bool connect(const Endpoint& server, const std::string& caPin, bool withIdentity, std::int64_t limitMillis,
                       std::string& error) = 0;

  /** Sends everything within `limitMillis` or breaks the connection. */
  virtual bool send(const std::string& bytes, std::int64_t limitMillis) = 0;

  /** Waits for bytes for at most `waitMillis`. */
  virtual Received receive(char* buffer, std::size_t capacity, std::size_t& count, std::int64_t waitMillis) = 0;

  /** Ends a receive() that waits, or the next one. Any thread. */
  virtual void wake() = 0;

  virtual void close() = 0;
};

/** What is kept beside key and certificate, all of it set at enrolment. */
struct Enrolment {
  /** UUID that the coordinator gave. */
  std::string agent;
  Endpoint server;
  std::string caPin;
  /** The machine that enrolled: a later difference makes this one a clone or a restored machine. */
  std::string biosUuid;
  std::string generationId;
};

enum class Loaded { kPresent, kAbsent, kBroken };

/** Key, certificate and enrolment on this machine's disk, readable by the system alone. */
class IdentityStore {
 public:
  virtual ~IdentityStore() = default;

  /** kPresent only with a usable key and certificate. */
  virtual Loaded load(Enrolment& enrolment, std::string& error) = 0;

  /** Makes a new RSA key pair, kept aside as the pending one, and its PKCS#10 request (DER). */
  virtual bool makeRequest(std::string& csr, std::string& error) = 0;

  /** Makes the pending key and this certificate (DER) the identity, in one step: after a crash there is the old one
   * or the new one. Refuses a certificate that is not for the pending key. */
  virtual bool install(const Enrolment& enrolment, const std::string& certificate, const std::string& ca,
                       std::string& error) = 0;

  /** Destroys key and certificate; keeps server and pin, so that a clone can enrol anew: load() then gives kAbsent
   * with these two set. */
  virtual bool dropKey(std::string& error) = 0;
};

/** The machine that the agent runs on. */
class Machine {
 public:
  virtual ~Machine() = default;
  virtual MachineInfo describe() = 0;
  /** The hypervisor's nonce under this name, or empty. Bounded in time. */
  virtual std::string readNonce(const std::string& property) = 0;
};

enum class Level { kInfo, kWarning, kError };

class Log {
 public:
  virtual ~Log() = default;
  virtual void write(Level level, const std::string& text) = 0;
};

}  // namespace dvx::agent
