// Key, certificate and enrolment in one file that only root may read.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string>

#include "platform.h"
#include "tls_transport.h"

namespace dvx::agent {

/** The file is lines "name: value" and then PEM blocks; it is replaced as a whole. Not for several threads. */
class IdentityFile : public IdentityStore, public ClientIdentity {
 public:
  explicit IdentityFile(std::string folder) : path_(folder + "/identity"), folder_(std::move(folder)) {}

  Loaded load(Enrolment& enrolment, std::string& error) override;
  bool makeRequest(std::string& csr, std::string& error) override;
  bool install(const Enrolment& enrolment, const std::string& certificate, const std::string& ca,
               std::string& error) override;
  bool dropKey(std::string& error) override;
  bool use(SSL_CTX* context, std::string& error) override;

 private:
  std::string path_;
  std::string folder_;
  /** Kept in memory until the certificate comes. */
  std::shared_ptr<EVP_PKEY> pending_;
};

}  // namespace dvx::agent
