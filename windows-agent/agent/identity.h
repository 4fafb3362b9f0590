// Key, certificate and enrolment, as they lie in %ProgramData%\DVX\identity.
#pragma once

#include <memory>

#include "../common/platform.h"
#include "client_keys.h"
#include "settings.h"

namespace dvx {

class WindowsIdentity final : public agent::IdentityStore {
 public:
  WindowsIdentity(Paths paths, KeyStore store);
  ~WindowsIdentity() override;

  agent::Loaded load(agent::Enrolment& enrolment, std::string& error) override;
  bool makeRequest(std::string& csr, std::string& error) override;
  bool install(const agent::Enrolment& enrolment, const std::string& certificate,
               const std::string& ca, std::string& error) override;
  bool dropKey(std::string& error) override;

  /** The certificate with its key attached, or null; the caller frees it. */
  PCCERT_CONTEXT clientCertificate();

  /** Destroys everything: keys, certificates, enrolment. For uninstall. */
  void destroyAll();

 private:
  struct Record;
  bool readRecord(Record& record, bool& present, std::string& error);
  bool writeRecord(const Record& record, std::string& error);
  std::wstring file(const std::wstring& name) const { return paths_.identity + L"\\" + name; }
  void destroyPending();

  Paths paths_;
  std::unique_ptr<ClientKeys> keys_;
  std::wstring pending_;
};

}  // namespace dvx
