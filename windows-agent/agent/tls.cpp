#define SECURITY_WIN32
#define SCHANNEL_USE_BLACKLISTS
// clang-format off
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
#include <winternl.h>
#include <sspi.h>
#include <schannel.h>
// clang-format on

#include "digest.h"
#include "server_check.h"
#include "text.h"
#include "tls.h"

namespace dvx {

using agent::Received;

namespace {

constexpr size_t kMaxPending = 1 << 20;
constexpr DWORD kFlags = ISC_REQ_SEQUENCE_DETECT | ISC_REQ_REPLAY_DETECT | ISC_REQ_CONFIDENTIALITY |
                         ISC_REQ_ALLOCATE_MEMORY | ISC_REQ_STREAM | ISC_REQ_USE_SUPPLIED_CREDS |
                         ISC_REQ_MANUAL_CRED_VALIDATION;

ULONGLONG now() { return GetTickCount64(); }

DWORD left(ULONGLONG deadline) {
  ULONGLONG current = now();
  return current >= deadline ? 0 : static_cast<DWORD>(deadline - current);
}

class Sockets {
 public:
  Sockets() {
    WSADATA data;
    WSAStartup(MAKEWORD(2, 2), &data);
  }
  ~Sockets() { WSACleanup(); }
};

}  // namespace

class SchannelTransport::Impl {
 public:
  explicit Impl(WindowsIdentity& identity) : identity_(identity) {}
  ~Impl() { close(); }

  bool connect(const agent::Endpoint& server, const std::string& caPin, bool withIdentity,
               std::int64_t limitMillis, std::string& error) {
    close();
    // A wake that nobody took belongs to the connection before; one from here on ends this attempt.
    ResetEvent(wake_.get());
    ULONGLONG deadline = now() + static_cast<ULONGLONG>(limitMillis);
    PCCERT_CONTEXT certificate = withIdentity ? identity_.clientCertificate() : nullptr;
    bool done = false;
    if (withIdentity && certificate == nullptr) {
      error = "there is no usable client certificate";
    } else {
      done = dial(server, deadline, error) && acquire(certificate, error) &&
             handshake(toWide(server.host), deadline, error) && verify(caPin, error);
    }
    if (certificate != nullptr) {
      CertFreeCertificateContext(certificate);
    }
    if (!done) {
      close();
    }
    return done;
  }

  bool send(const std::string& bytes, std::int64_t limitMillis) {
    ULONGLONG deadline = now() + static_cast<ULONGLONG>(limitMillis);
    if (!open_) {
      return false;
    }
    std::string record;
    for (size_t at = 0; at < bytes.size();) {
      size_t size = bytes.size() - at;
      if (size > sizes_.cbMaximumMessage) {
        size = sizes_.cbMaximumMessage;
      }
      record.assign(sizes_.cbHeader + size + sizes_.cbTrailer, '\0');
      memcpy(&record[sizes_.cbHeader], bytes.data() + at, size);
      SecBuffer buffers[4] = {
          {sizes_.cbHeader, SECBUFFER_STREAM_HEADER, &record[0]},
          {static_cast<ULONG>(size), SECBUFFER_DATA, &record[sizes_.cbHeader]},
          {sizes_.cbTrailer, SECBUFFER_STREAM_TRAILER, &record[sizes_.cbHeader + size]},
          {0, SECBUFFER_EMPTY, nullptr}};
      SecBufferDesc description = {SECBUFFER_VERSION, 4, buffers};
      if (EncryptMessage(&context_, 0, &description, 0) != SEC_E_OK) {
        close();
        return false;
      }
      size_t total = buffers[0].cbBuffer + buffers[1].cbBuffer + buffers[2].cbBuffer;
      if (!sendRaw(record.data(), total, deadline)) {
        close();
        return false;
      }
      at += size;
    }
    return true;
  }

  Received receive(char* buffer, size_t capacity, size_t& count, std::int64_t waitMillis) {
    ULONGLONG deadline = now() + static_cast<ULONGLONG>(waitMillis);
    count = 0;
    for (;;) {
      if (!plain_.empty()) {
        count = plain_.size() < capacity ? plain_.size() : capacity;
        memcpy(buffer, plain_.data(), count);
        plain_.erase(0, count);
        return Received::kBytes;
      }
      if (!open_) {
        return Received::kClosed;
      }
      if (!raw_.empty() && !starved_) {
        if (!decrypt()) {
          close();
          return Received::kClosed;
        }
        continue;
      }
      HANDLE waited[2] = {wake_.get(), readable_.get()};
      DWORD woken = WaitForMultipleObjects(2, waited, FALSE, left(deadline));
      if (woken == WAIT_OBJECT_0) {
        ResetEvent(wake_.get());
        return Received::kNothing;
      }
      if (woken != WAIT_OBJECT_0 + 1) {
        return Received::kNothing;
      }
      if (!takeRaw()) {
        close();
        return Received::kClosed;
      }
    }
  }

  void wake() { SetEvent(wake_.get()); }

  void close() {
    if (open_) {
      shutDown();
    }
    open_ = false;
    if (haveContext_) {
      DeleteSecurityContext(&context_);
      haveContext_ = false;
    }
    if (haveCredentials_) {
      FreeCredentialsHandle(&credentials_);
      haveCredentials_ = false;
    }
    if (socket_ != INVALID_SOCKET) {
      closesocket(socket_);
      socket_ = INVALID_SOCKET;
    }
    raw_.clear();
    plain_.clear();
    starved_ = false;
  }

 private:
  bool dial(const agent::Endpoint& server, ULONGLONG deadline, std::string& error) {
    ADDRINFOW hints = {};
    hints.ai_socktype = SOCK_STREAM;
    ADDRINFOW* list = nullptr;
    std::wstring host = toWide(server.host), port = std::to_wstring(server.port);
    int failure = GetAddrInfoW(host.c_str(), port.c_str(), &hints, &list);
    if (failure != 0) {
      error = "no address for " + server.host + ": " + systemMessage(static_cast<DWORD>(failure));
      return false;
    }
    for (ADDRINFOW* one = list; one != nullptr && socket_ == INVALID_SOCKET; one = one->ai_next) {
      dialOne(one, deadline, error);
    }
    FreeAddrInfoW(list);
    return socket_ != INVALID_SOCKET;
  }

  void dialOne(const ADDRINFOW* address, ULONGLONG deadline, std::string& error) {
    socket_ = socket(address->ai_family, address->ai_socktype, address->ai_protocol);
    if (socket_ == INVALID_SOCKET) {
      error = systemMessage(static_cast<DWORD>(WSAGetLastError()));
      return;
    }
    BOOL on = TRUE;
    setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, reinterpret_cast<const char*>(&on), sizeof on);
    setsockopt(socket_, SOL_SOCKET, SO_KEEPALIVE, reinterpret_cast<const char*>(&on), sizeof on);
    WSAEventSelect(socket_, readable_.get(), FD_READ | FD_WRITE | FD_CLOSE | FD_CONNECT);
    int result = ::connect(socket_, address->ai_addr, static_cast<int>(address->ai_addrlen));
    int code = result == 0 ? 0 : WSAGetLastError();
    if (code == WSAEWOULDBLOCK) {
      code = WSAETIMEDOUT;
      while (left(deadline) > 0) {
        HANDLE waited[2] = {readable_.get(), wake_.get()};
        DWORD woken = WaitForMultipleObjects(2, waited, FALSE, left(deadline));
        if (woken != WAIT_OBJECT_0) {
          code = woken == WAIT_OBJECT_0 + 1 ? WSAECANCELLED : WSAETIMEDOUT;
          break;
        }
        WSANETWORKEVENTS events = {};
        WSAEnumNetworkEvents(socket_, readable_.get(), &events);
        if ((events.lNetworkEvents & FD_CONNECT) != 0) {
          code = events.iErrorCode[FD_CONNECT_BIT];
          break;
        }
      }
    }
    if (code != 0) {
      error = "cannot connect: " + systemMessage(static_cast<DWORD>(code));
      closesocket(socket_);
      socket_ = INVALID_SOCKET;
    }
  }

  bool acquire(PCCERT_CONTEXT certificate, std::string& error) {
    TLS_PARAMETERS parameters = {};
    parameters.grbitDisabledProtocols = static_cast<DWORD>(~(SP_PROT_TLS1_2_CLIENT | SP_PROT_TLS1_3_CLIENT));
    SCH_CREDENTIALS modern = {};
    modern.dwVersion = SCH_CREDENTIALS_VERSION;
    modern.dwFlags = SCH_CRED_MANUAL_CRED_VALIDATION | SCH_CRED_NO_DEFAULT_CREDS;
    modern.cTlsParameters = 1;
    modern.pTlsParameters = &parameters;
    modern.cCreds = certificate == nullptr ? 0 : 1;
    modern.paCred = certificate == nullptr ? nullptr : &certificate;
    wchar_t package[] = UNISP_NAME_W;
    SECURITY_STATUS status =
        AcquireCredentialsHandleW(nullptr, package, SECPKG_CRED_OUTBOUND, nullptr, &modern, nullptr,
                                  nullptr, &credentials_, nullptr);
    if (status != SEC_E_OK) {
      // Windows before 10 (1809) knows only the old structure, and no TLS 1.3.
      SCHANNEL_CRED old = {};
      old.dwVersion = SCHANNEL_CRED_VERSION;
      old.dwFlags = SCH_CRED_MANUAL_CRED_VALIDATION | SCH_CRED_NO_DEFAULT_CREDS;
      old.grbitEnabledProtocols = SP_PROT_TLS1_2_CLIENT;
      old.cCreds = certificate == nullptr ? 0 : 1;
      old.paCred = certificate == nullptr ? nullptr : &certificate;
      status = AcquireCredentialsHandleW(nullptr, package, SECPKG_CRED_OUTBOUND, nullptr, &old,
                                         nullptr, nullptr, &credentials_, nullptr);
    }
    if (status != SEC_E_OK) {
      error = "Schannel gives no credentials: " + systemMessage(static_cast<DWORD>(status));
      return false;
    }
    haveCredentials_ = true;
    return true;
  }

  /** One call of InitializeSecurityContext with what is in raw_; sends what it makes. */
  SECURITY_STATUS step(std::wstring& host, ULONGLONG deadline, bool withInput = true) {
    SecBuffer in[2] = {{static_cast<ULONG>(raw_.size()), SECBUFFER_TOKEN, &raw_[0]},
                       {0, SECBUFFER_EMPTY, nullptr}};
    SecBufferDesc inDescription = {SECBUFFER_VERSION, 2, in};
    SecBuffer out[2] = {{0, SECBUFFER_TOKEN, nullptr}, {0, SECBUFFER_ALERT, nullptr}};
    SecBufferDesc outDescription = {SECBUFFER_VERSION, 2, out};
    DWORD attributes = 0;
    SECURITY_STATUS status = InitializeSecurityContextW(
        &credentials_, haveContext_ ? &context_ : nullptr, &host[0], kFlags, 0, 0,
        haveContext_ && withInput ? &inDescription : nullptr, 0, haveContext_ ? nullptr : &context_,
        &outDescription, &attributes, nullptr);
    bool first = !haveContext_;
    if (first && (status == SEC_I_CONTINUE_NEEDED || status == SEC_E_OK)) {
      haveContext_ = true;
    }
    for (SecBuffer& buffer : out) {
      if (buffer.pvBuffer != nullptr) {
        bool sent = buffer.BufferType != SECBUFFER_TOKEN || buffer.cbBuffer == 0 ||
                    sendRaw(static_cast<const char*>(buffer.pvBuffer), buffer.cbBuffer, deadline);
        FreeContextBuffer(buffer.pvBuffer);
        if (!sent) {
          status = SEC_E_INTERNAL_ERROR;
        }
      }
    }
    if (!first && withInput && status != SEC_E_INCOMPLETE_MESSAGE && status != SEC_I_INCOMPLETE_CREDENTIALS) {
      size_t extra = in[1].BufferType == SECBUFFER_EXTRA ? in[1].cbBuffer : 0;
      raw_.erase(0, raw_.size() - extra);
    }
    return status;
  }

  bool handshake(std::wstring host, ULONGLONG deadline, std::string& error) {
    SECURITY_STATUS status = step(host, deadline);
    while (status == SEC_I_CONTINUE_NEEDED || status == SEC_E_INCOMPLETE_MESSAGE ||
           status == SEC_I_INCOMPLETE_CREDENTIALS) {
      bool wants = raw_.empty() || status == SEC_E_INCOMPLETE_MESSAGE;
      if (wants && !awaitRaw(deadline)) {
        error = "the TLS handshake did not end: the connection broke or took too long";
        return false;
      }
      status = step(host, deadline);
    }
    if (status != SEC_E_OK) {
      error = "TLS handshake: " + systemMessage(static_cast<DWORD>(status));
      return false;
    }
    status = QueryContextAttributesW(&context_, SECPKG_ATTR_STREAM_SIZES, &sizes_);
    if (status != SEC_E_OK || sizes_.cbMaximumMessage == 0) {
      error = "Schannel does not say its record sizes: " + systemMessage(static_cast<DWORD>(status));
      return false;
    }
    host_ = host;
    return true;
  }

  bool verify(const std::string& caPin, std::string& error) {
    PCCERT_CONTEXT leaf = nullptr;
    if (QueryContextAttributesW(&context_, SECPKG_ATTR_REMOTE_CERT_CONTEXT, &leaf) != SEC_E_OK ||
        leaf == nullptr) {
      error = "the server showed no certificate";
      return false;
    }
    bool good = checkServer(leaf, caPin, error);
    CertFreeCertificateContext(leaf);
    open_ = good;
    return good;
  }

  /** Turns one record of raw_ into plain text; false on an end or an error. */
  bool decrypt() {
    SecBuffer buffers[4] = {{static_cast<ULONG>(raw_.size()), SECBUFFER_DATA, &raw_[0]},
                            {0, SECBUFFER_EMPTY, nullptr},
                            {0, SECBUFFER_EMPTY, nullptr},
                            {0, SECBUFFER_EMPTY, nullptr}};
    SecBufferDesc description = {SECBUFFER_VERSION, 4, buffers};
    SECURITY_STATUS status = DecryptMessage(&context_, &description, 0, nullptr);
    if (status == SEC_E_INCOMPLETE_MESSAGE) {
      starved_ = true;
      return raw_.size() < kMaxPending;
    }
    if (status != SEC_E_OK && status != SEC_I_RENEGOTIATE) {
      return false;  // SEC_I_CONTEXT_EXPIRED is the other side's orderly end
    }
    std::string extra;
    for (const SecBuffer& buffer : buffers) {
      if (buffer.BufferType == SECBUFFER_DATA && buffer.cbBuffer != 0) {
        plain_.append(static_cast<const char*>(buffer.pvBuffer), buffer.cbBuffer);
      } else if (buffer.BufferType == SECBUFFER_EXTRA && buffer.cbBuffer != 0) {
        extra.assign(static_cast<const char*>(buffer.pvBuffer), buffer.cbBuffer);
      }
    }
    raw_ = extra;
    if (status == SEC_I_RENEGOTIATE) {
      // TLS 1.3: a session ticket or a key update, which Schannel wants to see.
      SECURITY_STATUS after = step(host_, now() + 5000);
      return after == SEC_E_OK || after == SEC_I_CONTINUE_NEEDED;
    }
    return true;
  }

  /** Reads what is there. False when the connection ended. */
  bool takeRaw() {
    WSANETWORKEVENTS events = {};
    WSAEnumNetworkEvents(socket_, readable_.get(), &events);
    char buffer[16384];
    for (;;) {
      int got = recv(socket_, buffer, sizeof buffer, 0);
      if (got > 0) {
        raw_.append(buffer, static_cast<size_t>(got));
        starved_ = false;
        if (raw_.size() >= kMaxPending) {
          return false;
        }
        continue;
      }
      if (got == 0) {
        return !raw_.empty() && !starved_;
      }
      return WSAGetLastError() == WSAEWOULDBLOCK;
    }
  }

  bool awaitRaw(ULONGLONG deadline) {
    size_t before = raw_.size();
    while (raw_.size() == before) {
      HANDLE waited[2] = {readable_.get(), wake_.get()};
      DWORD woken = WaitForMultipleObjects(2, waited, FALSE, left(deadline));
      if (woken != WAIT_OBJECT_0 || !takeRaw()) {
        return raw_.size() != before;
      }
    }
    return true;
  }

  bool sendRaw(const char* bytes, size_t count, ULONGLONG deadline) {
    for (size_t at = 0; at < count;) {
      int sent = ::send(socket_, bytes + at, static_cast<int>(count - at), 0);
      if (sent > 0) {
        at += static_cast<size_t>(sent);
        continue;
      }
      if (WSAGetLastError() != WSAEWOULDBLOCK || left(deadline) == 0) {
        return false;
      }
      fd_set writable;
      FD_ZERO(&writable);
      FD_SET(socket_, &writable);
      timeval wait = {0, 100 * 1000};
      select(0, nullptr, &writable, nullptr, &wait);
    }
    return true;
  }

  /** close_notify, as far as the other side still listens. */
  void shutDown() {
    DWORD type = SCHANNEL_SHUTDOWN;
    SecBuffer buffer = {sizeof type, SECBUFFER_TOKEN, &type};
    SecBufferDesc description = {SECBUFFER_VERSION, 1, &buffer};
    if (ApplyControlToken(&context_, &description) == SEC_E_OK) {
      step(host_, now() + 500, false);
    }
  }

  WindowsIdentity& identity_;
  Sockets sockets_;
  SOCKET socket_ = INVALID_SOCKET;
  Handle readable_{WSACreateEvent()};
  Handle wake_{CreateEventW(nullptr, TRUE, FALSE, nullptr)};
  CredHandle credentials_ = {};
  CtxtHandle context_ = {};
  bool haveCredentials_ = false;
  bool haveContext_ = false;
  bool open_ = false;
  /** What is in raw_ is no whole record. */
  bool starved_ = false;
  SecPkgContext_StreamSizes sizes_ = {};
  std::wstring host_;
  std::string raw_;
  std::string plain_;
};

SchannelTransport::SchannelTransport(WindowsIdentity& identity) : impl_(new Impl(identity)) {}

SchannelTransport::~SchannelTransport() = default;

bool SchannelTransport::connect(const agent::Endpoint& server, const std::string& caPin,
                                bool withIdentity, std::int64_t limitMillis, std::string& error) {
  return impl_->connect(server, caPin, withIdentity, limitMillis, error);
}

bool SchannelTransport::send(const std::string& bytes, std::int64_t limitMillis) {
  return impl_->send(bytes, limitMillis);
}

Received SchannelTransport::receive(char* buffer, std::size_t capacity, std::size_t& count,
                                    std::int64_t waitMillis) {
  return impl_->receive(buffer, capacity, count, waitMillis);
}

void SchannelTransport::wake() { impl_->wake(); }

void SchannelTransport::close() { impl_->close(); }

}  // namespace dvx
