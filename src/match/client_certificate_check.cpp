#include "match/client_certificate_check.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <optional>
#include <string_view>

#include "match/webhook_check.hpp"
#include "sign/pem.hpp"

namespace hookline::detail {
namespace {

constexpr std::size_t kMaxPem = 65'536;

std::optional<std::string> certificate_fault(const std::string& pem,
                                             const std::vector<Certificate>& chain);
std::optional<std::string> key_fault(std::string_view pem,
                                     const tl::expected<PrivateKey, KeyFault>& key);

}  // namespace

std::vector<std::string> client_certificate_faults(const ClientCertificate& certificate) {
  const auto chain = read_certificates(certificate.certificate);
  const auto key = read_private_key(certificate.key.reveal());
  std::vector<std::string> faults;
  if (const auto why = certificate_fault(certificate.certificate, chain)) {
    faults.push_back("client_certificate.certificate: " + *why);
  }
  if (const auto why = key_fault(certificate.key.reveal(), key)) {
    faults.push_back("client_certificate.key: " + *why);
  }
  if (faults.empty() && !fits(*key, chain.front())) {
    faults.push_back(
        "client_certificate.key: does not belong to the first certificate; give the key that does, "
        "or put its certificate first");
  }
  return faults;
}

namespace {

std::optional<std::string> certificate_fault(const std::string& pem,
                                             const std::vector<Certificate>& chain) {
  if (auto why = text_fault(pem, kMaxPem)) return why;
  // Wherever it stands: this text is shown.
  if (pem.find("PRIVATE KEY") != std::string::npos) {
    return "holds a private key, which would be shown; take it out, and give it as the key alone";
  }
  if (!chain.empty()) return std::nullopt;
  return "is not PEM of one or more certificates and nothing else (-----BEGIN CERTIFICATE-----)";
}

std::optional<std::string> key_fault(std::string_view pem,
                                     const tl::expected<PrivateKey, KeyFault>& key) {
  if (auto why = text_fault(pem, kMaxPem)) return why;
  if (pem == kRedacted) return "is the text that stands for a hidden one; give the key";
  if (key) return std::nullopt;
  if (key.error() == KeyFault::encrypted) {
    return "has a pass phrase; give it without one, as openssl pkey -in KEY -out PLAIN writes it";
  }
  return "is not a private key in PEM (-----BEGIN PRIVATE KEY-----)";
}

}  // namespace
}  // namespace hookline::detail
