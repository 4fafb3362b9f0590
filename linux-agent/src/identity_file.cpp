#include "identity_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <sstream>

#include "config.h"
#include "text.h"

namespace dvx::agent {
namespace {

constexpr unsigned kKeyBits = 3072;
constexpr std::size_t kMaxFileBytes = 262144;

template <typename T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

Owned<BIO> memory(const std::string& text) {
  return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), BIO_free_all};
}

Owned<X509> fromDer(const std::string& der) {
  const unsigned char* at = reinterpret_cast<const unsigned char*>(der.data());
  const unsigned char* end = at + der.size();
  Owned<X509> certificate(d2i_X509(nullptr, &at, static_cast<long>(der.size())), X509_free);
  if (certificate && at != end) {
    certificate.reset();
  }
  return certificate;
}

std::string contentOf(BIO* bio) {
  char* data = nullptr;
  long length = BIO_get_mem_data(bio, &data);
  return length > 0 ? std::string(data, static_cast<std::size_t>(length)) : "";
}

std::string sha256(const std::string& bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &length, EVP_sha256(), nullptr);
  return toHex(std::string(reinterpret_cast<char*>(digest), length));
}

std::string header(const Enrolment& enrolment) {
  return "agent: " + enrolment.agent + "\nserver: " + toText(enrolment.server) + "\npin: " + enrolment.caPin +
         "\nbiosUuid: " + enrolment.biosUuid + "\ngenerationId: " + enrolment.generationId + "\n";
}

bool readHeader(const std::string& content, Enrolment& enrolment) {
  std::istringstream lines(content);
  for (std::string line; std::getline(lines, line) && line.compare(0, 5, "-----") != 0;) {
    std::size_t colon = line.find(": ");
    std::string key = line.substr(0, colon);
    std::string value = colon == std::string::npos ? "" : trim(line.substr(colon + 2));
    if (key == "agent") {
      enrolment.agent = value;
    } else if (key == "server" && !parseEndpoint(value, enrolment.server)) {
      return false;
    } else if (key == "pin") {
      enrolment.caPin = value;
    } else if (key == "biosUuid") {
      enrolment.biosUuid = value;
    } else if (key == "generationId") {
      enrolment.generationId = value;
    }
  }
  return enrolment.caPin.size() == 64 && !enrolment.server.host.empty();
}

}  // namespace

Loaded IdentityFile::load(Enrolment& enrolment, std::string& error) {
  enrolment = Enrolment{};
  struct stat status {};
  if (::stat(path_.c_str(), &status) != 0) {
    if (errno == ENOENT) {
      return Loaded::kAbsent;
    }
    error = path_ + ": " + errnoText();
    return Loaded::kBroken;
  }
  if (status.st_uid != ::geteuid() || (status.st_mode & 077) != 0) {
    error = path_ + " may be read or changed by others: it must be its owner's alone (0600).";
    return Loaded::kBroken;
  }
  std::string content;
  if (!readFile(path_, kMaxFileBytes, content) || !readHeader(content, enrolment)) {
    error = path_ + " is damaged: enrol the agent anew with a token.";
    return Loaded::kBroken;
  }
  if (content.find("-----BEGIN CERTIFICATE-----") == std::string::npos) {
    return Loaded::kAbsent;
  }
  return Loaded::kPresent;
}

bool IdentityFile::use(SSL_CTX* context, std::string& error) {
  std::string content;
  if (!readFile(path_, kMaxFileBytes, content)) {
    error = path_ + ": " + errnoText();
    return false;
  }
  Owned<BIO> keyText = memory(content);
  Owned<BIO> certificateText = memory(content);
  Owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(keyText.get(), nullptr, nullptr, nullptr), EVP_PKEY_free);
  Owned<X509> certificate(PEM_read_bio_X509(certificateText.get(), nullptr, nullptr, nullptr), X509_free);
  OPENSSL_cleanse(content.data(), content.size());
  if (!key || !certificate || SSL_CTX_use_certificate(context, certificate.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context, key.get()) != 1) {
    ERR_clear_error();
    error = "key and certificate in " + path_ + " cannot be used";
    return false;
  }
  return true;
}

bool IdentityFile::makeRequest(std::string& csr, std::string& error) {
  std::shared_ptr<EVP_PKEY> key(EVP_RSA_gen(kKeyBits), EVP_PKEY_free);
  Owned<X509_REQ> request(X509_REQ_new(), X509_REQ_free);
  unsigned char* der = nullptr;
  int length = -1;
  if (key && request) {
    X509_NAME* subject = X509_REQ_get_subject_name(request.get());
    bool good = X509_REQ_set_version(request.get(), 0) == 1 &&
                X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                           reinterpret_cast<const unsigned char*>("dvx-agent"), -1, -1, 0) == 1 &&
                X509_REQ_set_pubkey(request.get(), key.get()) == 1 &&
                X509_REQ_sign(request.get(), key.get(), EVP_sha256()) > 0;
    length = good ? i2d_X509_REQ(request.get(), &der) : -1;
  }
  if (length <= 0) {
    ERR_clear_error();
    error = "no key pair could be made";
    return false;
  }
  csr.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  pending_ = key;
  return true;
}

bool IdentityFile::install(const Enrolment& enrolment, const std::string& certificate, const std::string& ca,
                           std::string& error) {
  Owned<X509> leaf = fromDer(certificate);
  Owned<X509> authority = fromDer(ca);
  Owned<EVP_PKEY> authorityKey(authority ? X509_get_pubkey(authority.get()) : nullptr, EVP_PKEY_free);
  bool good = leaf && authorityKey && pending_ && sha256(ca) == enrolment.caPin &&
              X509_check_private_key(leaf.get(), pending_.get()) == 1 &&
              X509_verify(leaf.get(), authorityKey.get()) == 1;
  Owned<BIO> text(BIO_new(BIO_s_secmem()), BIO_free_all);
  good = good && text && PEM_write_bio_X509(text.get(), leaf.get()) == 1 &&
         PEM_write_bio_X509(text.get(), authority.get()) == 1 &&
         PEM_write_bio_PrivateKey(text.get(), pending_.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1;
  ERR_clear_error();
  if (!good) {
    error = "the certificate is not for this agent's key, or not from the coordinator's own CA";
    return false;
  }
  std::string content = header(enrolment) + contentOf(text.get());
  bool written = makeFolders(folder_, error) && replaceFile(path_, content, 0600, error);
  OPENSSL_cleanse(content.data(), content.size());
  if (written) {
    pending_.reset();
  }
  return written;
}

bool IdentityFile::dropKey(std::string& error) {
  Enrolment enrolment;
  if (load(enrolment, error) == Loaded::kAbsent) {
    return true;
  }
  Enrolment kept;
  kept.server = enrolment.server;
  kept.caPin = enrolment.caPin;
  return replaceFile(path_, header(kept), 0600, error);
}

}  // namespace dvx::agent
