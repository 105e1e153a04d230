#pragma once

#include <string>
#include <vector>

namespace hookline::fakes {

/// A certificate and its key, made on the spot and signed by itself.
struct ServerCertificate {
  /// For these DNS names and IP addresses.
  [[nodiscard]] static ServerCertificate create(const std::vector<std::string>& names);
  std::string certificate_pem;
  std::string key_pem;
};

}  // namespace hookline::fakes
