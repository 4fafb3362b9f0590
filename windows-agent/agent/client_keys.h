// The client's RSA key: made here, kept by Windows, never exported.
#pragma once

#include <windows.h>
#include <wincrypt.h>

#include <memory>
#include <string>

#include "settings.h"

namespace dvx {

/**
 * The one place where Windows and Wine differ. Windows: CNG, machine key (TLS 1.3 needs it, since
 * CryptoAPI keys cannot sign with PSS). Wine 8: its Schannel looks for CryptoAPI keys of the account.
 */
class ClientKeys {
 public:
  virtual ~ClientKeys() = default;

  /** Makes a 2048 bit RSA key under this name and its PKCS#10 request (DER). */
  virtual bool create(const std::wstring& name, std::string& request, std::string& error) = 0;

  /** False when there is none of this name. */
  virtual bool destroy(const std::wstring& name) = 0;

  /** The public half, encoded as X.509 wants it; empty when there is no such key. */
  virtual std::string publicKey(const std::wstring& name) = 0;

  /** Tells a certificate where its key is, so that Schannel finds it. */
  virtual bool attach(PCCERT_CONTEXT certificate, const std::wstring& name, std::string& error) = 0;

  static std::unique_ptr<ClientKeys> open(KeyStore store);
};

}  // namespace dvx
