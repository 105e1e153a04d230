#include "fakes/certificate.hpp"

#include <arpa/inet.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <functional>
#include <memory>
#include <stdexcept>

namespace hookline::fakes {
namespace {

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("test certificate: ") + what);
}

template <class T, void (*Free)(T*)>
struct Freer {
  void operator()(T* object) const { Free(object); }
};
template <class T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, Freer<T, Free>>;
using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedCertificate = Owned<X509, X509_free>;
using OwnedBio = Owned<BIO, BIO_free_all>;

std::string pem_of(const std::function<int(BIO*)>& write) {
  OwnedBio bio(BIO_new(BIO_s_mem()));
  require(write(bio.get()) == 1, "PEM");
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<std::size_t>(size));
}

void add_extension(X509* certificate, int id, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  Owned<X509_EXTENSION, X509_EXTENSION_free> extension(
      X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str()));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

/// `DNS:localhost,IP:127.0.0.1`, as OpenSSL's configuration writes it.
std::string alternative_names(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    in6_addr address;
    const bool numeric = ::inet_pton(AF_INET, name.c_str(), &address) == 1 ||
                         ::inet_pton(AF_INET6, name.c_str(), &address) == 1;
    list += (list.empty() ? "" : ",") + std::string(numeric ? "IP:" : "DNS:") + name;
  }
  return list;
}

OwnedBio reader_of(const std::string& pem) { return OwnedBio(BIO_new_mem_buf(pem.data(), -1)); }

OwnedKey key_of(const std::string& pem) {
  return OwnedKey(PEM_read_bio_PrivateKey(reader_of(pem).get(), nullptr, nullptr, nullptr));
}

OwnedCertificate certificate_of(const std::string& pem) {
  return OwnedCertificate(PEM_read_bio_X509(reader_of(pem).get(), nullptr, nullptr, nullptr));
}

OwnedCertificate unsigned_certificate(const CertificateOptions& options) {
  static long serial = 0;
  OwnedCertificate certificate(X509_new());
  X509* const cert = certificate.get();
  X509_set_version(cert, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(cert), options.valid_from.count());
  X509_gmtime_adj(X509_getm_notAfter(cert), options.valid_until.count());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(options.owner.c_str()), -1, -1,
                             0);
  add_extension(cert, NID_basic_constraints, "critical,CA:TRUE");
  if (!options.names.empty()) {
    add_extension(cert, NID_subject_alt_name, alternative_names(options.names));
  }
  return certificate;
}

}  // namespace

Certificate Certificate::create(const std::vector<std::string>& names) {
  CertificateOptions options;
  options.names = names;
  return make(options);
}

Certificate Certificate::make(const CertificateOptions& options) {
  OwnedKey key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  const OwnedCertificate certificate = unsigned_certificate(options);
  X509* const cert = certificate.get();
  X509_set_pubkey(cert, key.get());
  OwnedKey issuer_key;
  if (options.issuer == nullptr) {
    X509_set_issuer_name(cert, X509_get_subject_name(cert));
  } else {
    const OwnedCertificate issuer = certificate_of(options.issuer->certificate_pem);
    X509_set_issuer_name(cert, X509_get_subject_name(issuer.get()));
    issuer_key = key_of(options.issuer->key_pem);
  }
  require(X509_sign(cert, (issuer_key ? issuer_key : key).get(), EVP_sha256()) > 0, "signature");
  return {pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, cert); }), pem_of([&](BIO* bio) {
            return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

std::string encrypted(const std::string& key_pem) {
  const OwnedKey key = key_of(key_pem);
  const unsigned char phrase[] = "nobody knows";
  return pem_of([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), EVP_aes_128_cbc(), phrase, sizeof phrase - 1,
                                    nullptr, nullptr);
  });
}

std::string hashed_name(const Certificate& authority) {
  char name[16];
  std::snprintf(name, sizeof name, "%08lx.0",
                X509_subject_name_hash(certificate_of(authority.certificate_pem).get()));
  return name;
}

}  // namespace hookline::fakes
