#include "client_keys.h"

#include <ncrypt.h>

#include <vector>

#include "text.h"

namespace dvx {
namespace {

constexpr DWORD kKeyBits = 2048;
constexpr wchar_t kCapiProvider[] = L"Microsoft Enhanced RSA and AES Cryptographic Provider";

std::string derLength(size_t length) {
  std::string out;
  if (length < 128) {
    out += static_cast<char>(length);
  } else if (length < 256) {
    out += '\x81';
    out += static_cast<char>(length);
  } else {
    out += '\x82';
    out += static_cast<char>(length >> 8);
    out += static_cast<char>(length & 255);
  }
  return out;
}

std::string der(char tag, const std::string& content) {
  return tag + derLength(content.size()) + content;
}

std::string encode(LPCSTR kind, const void* value) {
  DWORD length = 0;
  if (!CryptEncodeObject(X509_ASN_ENCODING, kind, value, nullptr, &length)) {
    return std::string();
  }
  std::string out(length, '\0');
  if (!CryptEncodeObject(X509_ASN_ENCODING, kind, value, reinterpret_cast<BYTE*>(&out[0]),
                         &length)) {
    return std::string();
  }
  out.resize(length);
  return out;
}

std::string exportPublic(HCRYPTPROV_OR_NCRYPT_KEY_HANDLE key, DWORD spec) {
  DWORD length = 0;
  if (!CryptExportPublicKeyInfo(key, spec, X509_ASN_ENCODING, nullptr, &length)) {
    return std::string();
  }
  std::vector<BYTE> buffer(length);
  auto* info = reinterpret_cast<CERT_PUBLIC_KEY_INFO*>(buffer.data());
  if (!CryptExportPublicKeyInfo(key, spec, X509_ASN_ENCODING, info, &length)) {
    return std::string();
  }
  return encode(X509_PUBLIC_KEY_INFO, info);
}

/** CertificationRequestInfo: version 0, a fixed subject (the coordinator names the agent), no attributes. */
std::string requestInfo(const std::string& publicKey) {
  const std::string commonName("\x06\x03\x55\x04\x03", 5);
  std::string subject =
      der('\x30', der('\x31', der('\x30', commonName + der('\x0c', "OpenDVX agent"))));
  return der('\x30', der('\x02', std::string(1, '\0')) + subject + publicKey + der('\xa0', ""));
}

bool signRequest(HCRYPTPROV_OR_NCRYPT_KEY_HANDLE key, DWORD spec, std::string& request,
                 std::string& error) {
  std::string publicKey = exportPublic(key, spec);
  if (publicKey.empty()) {
    error = "the new key's public half cannot be read: " + systemMessage(GetLastError());
    return false;
  }
  std::string info = requestInfo(publicKey);
  CRYPT_ALGORITHM_IDENTIFIER algorithm = {};
  algorithm.pszObjId = const_cast<char*>(szOID_RSA_SHA256RSA);
  DWORD length = 0;
  BYTE* bytes = reinterpret_cast<BYTE*>(&info[0]);
  DWORD size = static_cast<DWORD>(info.size());
  if (!CryptSignCertificate(key, spec, X509_ASN_ENCODING, bytes, size, &algorithm, nullptr, nullptr,
                            &length)) {
    error = "the request cannot be signed: " + systemMessage(GetLastError());
    return false;
  }
  std::vector<BYTE> signature(length);
  if (!CryptSignCertificate(key, spec, X509_ASN_ENCODING, bytes, size, &algorithm, nullptr,
                            signature.data(), &length)) {
    error = "the request cannot be signed: " + systemMessage(GetLastError());
    return false;
  }
  CERT_SIGNED_CONTENT_INFO content = {};
  content.ToBeSigned.cbData = size;
  content.ToBeSigned.pbData = bytes;
  content.SignatureAlgorithm = algorithm;
  content.Signature.cbData = length;
  content.Signature.pbData = signature.data();
  request = encode(X509_CERT, &content);
  if (request.empty()) {
    error = "the request cannot be encoded: " + systemMessage(GetLastError());
    return false;
  }
  return true;
}

bool setProviderInfo(PCCERT_CONTEXT certificate, const std::wstring& name, const wchar_t* provider,
                     DWORD type, DWORD flags, DWORD spec, std::string& error) {
  CRYPT_KEY_PROV_INFO info = {};
  info.pwszContainerName = const_cast<wchar_t*>(name.c_str());
  info.pwszProvName = const_cast<wchar_t*>(provider);
  info.dwProvType = type;
  info.dwFlags = flags;
  info.dwKeySpec = spec;
  if (!CertSetCertificateContextProperty(certificate, CERT_KEY_PROV_INFO_PROP_ID, 0, &info)) {
    error = "the certificate cannot be tied to its key: " + systemMessage(GetLastError());
    return false;
  }
  return true;
}

class CngMachineKeys final : public ClientKeys {
 public:
  bool create(const std::wstring& name, std::string& request, std::string& error) override {
    Key key;
    NCRYPT_PROV_HANDLE provider = 0;
    SECURITY_STATUS status =
        NCryptOpenStorageProvider(&provider, MS_KEY_STORAGE_PROVIDER, 0);
    if (status == 0) {
      status = NCryptCreatePersistedKey(provider, &key.handle, NCRYPT_RSA_ALGORITHM, name.c_str(),
                                        0, NCRYPT_MACHINE_KEY_FLAG);
      NCryptFreeObject(provider);
    }
    DWORD bits = kKeyBits, usage = NCRYPT_ALLOW_SIGNING_FLAG, none = 0;
    if (status == 0) {
      status = NCryptSetProperty(key.handle, NCRYPT_LENGTH_PROPERTY,
                                 reinterpret_cast<BYTE*>(&bits), sizeof bits, 0);
    }
    if (status == 0) {
      status = NCryptSetProperty(key.handle, NCRYPT_EXPORT_POLICY_PROPERTY,
                                 reinterpret_cast<BYTE*>(&none), sizeof none,
                                 NCRYPT_PERSIST_FLAG);
    }
    if (status == 0) {
      status = NCryptSetProperty(key.handle, NCRYPT_KEY_USAGE_PROPERTY,
                                 reinterpret_cast<BYTE*>(&usage), sizeof usage,
                                 NCRYPT_PERSIST_FLAG);
    }
    if (status == 0) {
      status = NCryptFinalizeKey(key.handle, 0);
    }
    if (status != 0) {
      error = "no key could be made: " + systemMessage(static_cast<unsigned long>(status));
      return false;
    }
    return signRequest(key.handle, 0, request, error);
  }

  bool destroy(const std::wstring& name) override {
    Key key;
    if (!key.open(name)) {
      return false;
    }
    NCRYPT_KEY_HANDLE handle = key.handle;
    key.handle = 0;  // NCryptDeleteKey frees it
    return NCryptDeleteKey(handle, 0) == 0;
  }

  std::string publicKey(const std::wstring& name) override {
    Key key;
    return key.open(name) ? exportPublic(key.handle, 0) : std::string();
  }

  bool attach(PCCERT_CONTEXT certificate, const std::wstring& name, std::string& error) override {
    return setProviderInfo(certificate, name, MS_KEY_STORAGE_PROVIDER, 0, CRYPT_MACHINE_KEYSET, 0,
                           error);
  }

 private:
  struct Key {
    ~Key() {
      if (handle != 0) {
        NCryptFreeObject(handle);
      }
    }
    bool open(const std::wstring& name) {
      NCRYPT_PROV_HANDLE provider = 0;
      if (NCryptOpenStorageProvider(&provider, MS_KEY_STORAGE_PROVIDER, 0) != 0) {
        return false;
      }
      SECURITY_STATUS status =
          NCryptOpenKey(provider, &handle, name.c_str(), 0, NCRYPT_MACHINE_KEY_FLAG);
      NCryptFreeObject(provider);
      return status == 0;
    }
    NCRYPT_KEY_HANDLE handle = 0;
  };
};

class CapiUserKeys final : public ClientKeys {
 public:
  bool create(const std::wstring& name, std::string& request, std::string& error) override {
    HCRYPTPROV provider = 0;
    HCRYPTKEY key = 0;
    if (!CryptAcquireContextW(&provider, name.c_str(), kCapiProvider, PROV_RSA_AES,
                              CRYPT_NEWKEYSET | CRYPT_SILENT)) {
      error = "no key container could be made: " + systemMessage(GetLastError());
      return false;
    }
    bool done = CryptGenKey(provider, AT_KEYEXCHANGE, kKeyBits << 16, &key) != 0;
    if (!done) {
      error = "no key could be made: " + systemMessage(GetLastError());
    } else {
      CryptDestroyKey(key);
      done = signRequest(provider, AT_KEYEXCHANGE, request, error);
    }
    CryptReleaseContext(provider, 0);
    return done;
  }

  bool destroy(const std::wstring& name) override {
    HCRYPTPROV provider = 0;
    return CryptAcquireContextW(&provider, name.c_str(), kCapiProvider, PROV_RSA_AES,
                                CRYPT_DELETEKEYSET | CRYPT_SILENT) != 0;
  }

  std::string publicKey(const std::wstring& name) override {
    HCRYPTPROV provider = 0;
    if (!CryptAcquireContextW(&provider, name.c_str(), kCapiProvider, PROV_RSA_AES,
                              CRYPT_SILENT)) {
      return std::string();
    }
    std::string out = exportPublic(provider, AT_KEYEXCHANGE);
    CryptReleaseContext(provider, 0);
    return out;
  }

  bool attach(PCCERT_CONTEXT certificate, const std::wstring& name, std::string& error) override {
    return setProviderInfo(certificate, name, kCapiProvider, PROV_RSA_AES, 0, AT_KEYEXCHANGE,
                           error);
  }
};

}  // namespace

std::unique_ptr<ClientKeys> ClientKeys::open(KeyStore store) {
  if (store == KeyStore::kCapiUser) {
    return std::make_unique<CapiUserKeys>();
  }
  return std::make_unique<CngMachineKeys>();
}

}  // namespace dvx
