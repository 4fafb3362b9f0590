#include "server_check.h"

#include <cstring>
#include <vector>

#include "digest.h"

namespace dvx {
namespace {

bool isServer(PCCERT_CONTEXT certificate) {
  DWORD length = 0;
  if (!CertGetEnhancedKeyUsage(certificate, CERT_FIND_EXT_ONLY_ENHKEY_USAGE_FLAG, nullptr,
                               &length)) {
    return false;
  }
  std::vector<BYTE> buffer(length);
  auto* usage = reinterpret_cast<CERT_ENHKEY_USAGE*>(buffer.data());
  if (!CertGetEnhancedKeyUsage(certificate, CERT_FIND_EXT_ONLY_ENHKEY_USAGE_FLAG, usage, &length)) {
    return false;
  }
  for (DWORD i = 0; i < usage->cUsageIdentifier; i++) {
    if (strcmp(usage->rgpszUsageIdentifier[i], szOID_PKIX_KP_SERVER_AUTH) == 0) {
      return true;
    }
  }
  return false;
}

std::string digestOf(PCCERT_CONTEXT certificate) {
  return sha256Hex(std::string(reinterpret_cast<const char*>(certificate->pbCertEncoded),
                               certificate->cbCertEncoded));
}

}  // namespace

bool checkServer(PCCERT_CONTEXT leaf, const std::string& caPin, std::string& error) {
  PCCERT_CONTEXT authority = nullptr;
  PCCERT_CONTEXT one = nullptr;
  while ((one = CertEnumCertificatesInStore(leaf->hCertStore, one)) != nullptr) {
    if (!caPin.empty() && digestOf(one) == caPin) {
      authority = one;  // stays referenced, since the enumeration ends here
      break;
    }
  }
  if (authority == nullptr) {
    error = "the server does not belong to the coordinator of the token: its chain does not hold the pinned CA "
            "certificate";
    return false;
  }
  bool good = false;
  if (!CryptVerifyCertificateSignatureEx(
          0, X509_ASN_ENCODING, CRYPT_VERIFY_CERT_SIGN_SUBJECT_CERT, const_cast<CERT_CONTEXT*>(leaf),
          CRYPT_VERIFY_CERT_SIGN_ISSUER_CERT, const_cast<CERT_CONTEXT*>(authority), 0, nullptr)) {
    error = "the server's certificate is not signed by the pinned CA";
  } else if (CertVerifyTimeValidity(nullptr, leaf->pCertInfo) != 0) {
    error = "the server's certificate is not valid at this guest's time of day";
  } else if (!isServer(leaf)) {
    error = "the server's certificate is not meant for a server";
  } else {
    good = true;
  }
  CertFreeCertificateContext(authority);
  return good;
}

}  // namespace dvx
