#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace hookline::fakes {

struct CertificateOptions;

/// A certificate and its key, made on the spot. It can also sign others.
struct Certificate {
  /// Signed by itself, for these DNS names and IP addresses.
  [[nodiscard]] static Certificate create(const std::vector<std::string>& names);
  [[nodiscard]] static Certificate make(const CertificateOptions& options);

  std::string certificate_pem;
  std::string key_pem;
};

struct CertificateOptions {
  std::string owner = "hookline test";     ///< the common name
  std::vector<std::string> names;          ///< DNS names and IP addresses
  const Certificate* issuer = nullptr;     ///< null: signed by itself
  std::chrono::seconds valid_from{-3600};  ///< from now on, as is the next
  std::chrono::seconds valid_until{86400};
};

/// The key with a pass phrase that nobody knows.
[[nodiscard]] std::string encrypted(const std::string& key_pem);

/// The file name under which OpenSSL looks for this authority in a directory.
[[nodiscard]] std::string hashed_name(const Certificate& authority);

}  // namespace hookline::fakes
