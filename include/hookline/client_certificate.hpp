#pragma once

#include <string>

#include "hookline/secret.hpp"

namespace hookline {

/// What a receiver is shown that asks who is calling (mutual TLS): a certificate, and the key that
/// proves it. Both are PEM texts, each of at most 64 KiB.
struct ClientCertificate {
  std::string certificate;  ///< the certificate, then those that lead from it to its authority
  Secret key;               ///< of the first certificate, without a pass phrase

  friend bool operator==(const ClientCertificate& a, const ClientCertificate& b) {
    return a.certificate == b.certificate && a.key == b.key;
  }
  friend bool operator!=(const ClientCertificate& a, const ClientCertificate& b) {
    return !(a == b);
  }
};

}  // namespace hookline
