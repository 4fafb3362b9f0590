#include "digest.h"

// clang-format off
#include <windows.h>
#include <wincrypt.h>
// clang-format on

#include "text.h"

namespace dvx {

std::string sha256Hex(const std::string& bytes) {
  HCRYPTPROV provider = 0;
  HCRYPTHASH hash = 0;
  std::string out;
  if (!CryptAcquireContextW(&provider, nullptr, nullptr, PROV_RSA_AES, CRYPT_VERIFYCONTEXT)) {
    return out;
  }
  BYTE digest[32];
  DWORD length = sizeof digest;
  if (CryptCreateHash(provider, CALG_SHA_256, 0, 0, &hash) &&
      CryptHashData(hash, reinterpret_cast<const BYTE*>(bytes.data()),
                    static_cast<DWORD>(bytes.size()), 0) &&
      CryptGetHashParam(hash, HP_HASHVAL, digest, &length, 0)) {
    out = toHex(digest, length);
  }
  if (hash != 0) {
    CryptDestroyHash(hash);
  }
  CryptReleaseContext(provider, 0);
  return out;
}

}  // namespace dvx
