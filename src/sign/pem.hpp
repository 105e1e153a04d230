#pragma once

#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace hookline::detail {

struct PemFree {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Certificate = std::unique_ptr<X509, PemFree>;
using PrivateKey = std::unique_ptr<EVP_PKEY, PemFree>;

/// The certificates of a PEM text in their order; none if there is none, or if something else is
/// among them. What stands between the blocks is passed over. OpenSSL's queue of errors is left as
/// it was.
[[nodiscard]] std::vector<Certificate> read_certificates(std::string_view pem);

enum class KeyFault { unreadable, encrypted };

/// The first private key of a PEM text. Nobody is asked for a pass phrase.
[[nodiscard]] tl::expected<PrivateKey, KeyFault> read_private_key(std::string_view pem);

/// Whether it is the key of this certificate.
[[nodiscard]] bool fits(const PrivateKey& key, const Certificate& certificate);

}  // namespace hookline::detail
