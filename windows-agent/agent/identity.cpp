#include "identity.h"

#include <objbase.h>

#include <map>
#include <sstream>

#include "../common/config.h"
#include "text.h"

namespace dvx {

using agent::Enrolment;
using agent::Loaded;

namespace {

constexpr size_t kMaxCertificate = 64 * 1024;

std::string encodedPublicKey(PCCERT_CONTEXT certificate) {
  CERT_PUBLIC_KEY_INFO& info = certificate->pCertInfo->SubjectPublicKeyInfo;
  DWORD length = 0;
  if (!CryptEncodeObject(X509_ASN_ENCODING, X509_PUBLIC_KEY_INFO, &info, nullptr, &length)) {
    return std::string();
  }
  std::string out(length, '\0');
  CryptEncodeObject(X509_ASN_ENCODING, X509_PUBLIC_KEY_INFO, &info,
                    reinterpret_cast<BYTE*>(&out[0]), &length);
  out.resize(length);
  return out;
}

PCCERT_CONTEXT parseCertificate(const std::string& bytes) {
  return CertCreateCertificateContext(X509_ASN_ENCODING,
                                      reinterpret_cast<const BYTE*>(bytes.data()),
                                      static_cast<DWORD>(bytes.size()));
}

}  // namespace

/** `enrolment.conf`: one file, swapped in one step, that names key and certificate. */
struct WindowsIdentity::Record {
  Enrolment enrolment;
  /** Name of the key; the certificate is in the file of this name and `.cer`. Empty: no key. */
  std::wstring key;
};

WindowsIdentity::WindowsIdentity(Paths paths, KeyStore store)
    : paths_(std::move(paths)), keys_(ClientKeys::open(store)) {}

WindowsIdentity::~WindowsIdentity() = default;

bool WindowsIdentity::readRecord(Record& record, bool& present, std::string& error) {
  std::string text;
  present = false;
  if (!readFile(file(L"enrolment.conf"), kMaxCertificate, text)) {
    DWORD code = GetLastError();
    if (code == ERROR_FILE_NOT_FOUND || code == ERROR_PATH_NOT_FOUND) {
      return true;
    }
    error = "cannot read " + toUtf8(file(L"enrolment.conf")) + ": " + systemMessage(code);
    return false;
  }
  std::map<std::string, std::string> values;
  std::istringstream lines(text);
  std::string line;
  while (std::getline(lines, line)) {
    size_t equals = line.find('=');
    if (equals != std::string::npos) {
      values[trim(line.substr(0, equals))] = trim(line.substr(equals + 1));
    }
  }
  if (!agent::parseEndpoint(values["server"], record.enrolment.server) ||
      values["caPin"].size() != 64) {
    error = toUtf8(file(L"enrolment.conf")) + " is damaged; enrol anew";
    return false;
  }
  record.enrolment.agent = values["agent"];
  record.enrolment.caPin = values["caPin"];
  record.enrolment.biosUuid = values["biosUuid"];
  record.enrolment.generationId = values["generationId"];
  record.key = toWide(values["key"]);
  present = true;
  return true;
}

bool WindowsIdentity::writeRecord(const Record& record, std::string& error) {
  std::string text = "agent = " + record.enrolment.agent +
                     "\r\nserver = " + agent::toText(record.enrolment.server) +
                     "\r\ncaPin = " + record.enrolment.caPin +
                     "\r\nbiosUuid = " + record.enrolment.biosUuid +
                     "\r\ngenerationId = " + record.enrolment.generationId +
                     "\r\nkey = " + toUtf8(record.key) + "\r\n";
  if (!writeFileAtomically(file(L"enrolment.conf"), text)) {
    error = "cannot write " + toUtf8(file(L"enrolment.conf")) + ": " + systemMessage(GetLastError());
    return false;
  }
  return true;
}

Loaded WindowsIdentity::load(Enrolment& enrolment, std::string& error) {
  Record record;
  bool present = false;
  if (!readRecord(record, present, error)) {
    return Loaded::kBroken;
  }
  if (!present) {
    return Loaded::kAbsent;
  }
  enrolment = record.enrolment;
  if (record.key.empty()) {
    return Loaded::kAbsent;
  }
  PCCERT_CONTEXT certificate = clientCertificate();
  if (certificate == nullptr) {
    error = "the key or the certificate of the enrolment is gone; enrol anew";
    return Loaded::kBroken;
  }
  CertFreeCertificateContext(certificate);
  return Loaded::kPresent;
}

void WindowsIdentity::destroyPending() {
  std::string name;
  if (readFile(file(L"pending"), 256, name)) {
    keys_->destroy(toWide(trim(name)));
    DeleteFileW(file(L"pending").c_str());
  }
  pending_.clear();
}

bool WindowsIdentity::makeRequest(std::string& csr, std::string& error) {
  destroyPending();
  GUID id;
  if (FAILED(CoCreateGuid(&id))) {
    error = "no unique name for a key";
    return false;
  }
  std::wstring name = L"OpenDVX-Agent-" + toWide(guidPlain(id));
  // Written first: a key that nobody knows of would stay for ever.
  if (!writeFileAtomically(file(L"pending"), toUtf8(name))) {
    error = "cannot write " + toUtf8(file(L"pending")) + ": " + systemMessage(GetLastError());
    return false;
  }
  if (!keys_->create(name, csr, error)) {
    return false;
  }
  pending_ = name;
  return true;
}

bool WindowsIdentity::install(const Enrolment& enrolment, const std::string& certificate,
                              const std::string& ca, std::string& error) {
  if (pending_.empty()) {
    error = "no key is waiting for a certificate";
    return false;
  }
  PCCERT_CONTEXT parsed = parseCertificate(certificate);
  bool fits = parsed != nullptr && encodedPublicKey(parsed) == keys_->publicKey(pending_);
  if (parsed != nullptr) {
    CertFreeCertificateContext(parsed);
  }
  if (!fits) {
    error = "the certificate that came is not for this agent's key";
    return false;
  }
  Record before;
  bool present = false;
  std::string ignored;
  readRecord(before, present, ignored);
  Record record;
  record.enrolment = enrolment;
  record.key = pending_;
  if (!writeFileAtomically(file(pending_ + L".cer"), certificate) ||
      !writeFileAtomically(file(L"ca.cer"), ca)) {
    error = "cannot write the certificate: " + systemMessage(GetLastError());
    return false;
  }
  if (!writeRecord(record, error)) {
    return false;
  }
  DeleteFileW(file(L"pending").c_str());
  pending_.clear();
  if (!before.key.empty() && before.key != record.key) {
    keys_->destroy(before.key);
    DeleteFileW(file(before.key + L".cer").c_str());
  }
  return true;
}

bool WindowsIdentity::dropKey(std::string& error) {
  Record record;
  bool present = false;
  if (!readRecord(record, present, error) || !present) {
    return error.empty();
  }
  std::wstring key = record.key;
  Record left;
  left.enrolment.server = record.enrolment.server;
  left.enrolment.caPin = record.enrolment.caPin;
  if (!writeRecord(left, error)) {
    return false;
  }
  if (!key.empty()) {
    keys_->destroy(key);
    DeleteFileW(file(key + L".cer").c_str());
  }
  return true;
}

PCCERT_CONTEXT WindowsIdentity::clientCertificate() {
  Record record;
  bool present = false;
  std::string error, bytes;
  if (!readRecord(record, present, error) || !present || record.key.empty() ||
      !readFile(file(record.key + L".cer"), kMaxCertificate, bytes)) {
    return nullptr;
  }
  PCCERT_CONTEXT certificate = parseCertificate(bytes);
  if (certificate == nullptr) {
    return nullptr;
  }
  if (encodedPublicKey(certificate) != keys_->publicKey(record.key) ||
      !keys_->attach(certificate, record.key, error)) {
    CertFreeCertificateContext(certificate);
    return nullptr;
  }
  return certificate;
}

void WindowsIdentity::destroyAll() {
  destroyPending();
  std::string ignored;
  dropKey(ignored);
  for (const wchar_t* name : {L"enrolment.conf", L"ca.cer", L"enrolment.conf.new"}) {
    DeleteFileW(file(name).c_str());
  }
}

}  // namespace dvx
