#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>

#include "fakes/certificate.hpp"
#include "fakes/http_server.hpp"
#include "send/curl_transport_fixture.hpp"

namespace hookline {

/// The authority that the servers of these tests have their certificates from.
inline const fakes::Certificate& authority() {
  static const auto made = fakes::Certificate::make(
      {"hookline test authority", {}, nullptr, {}, std::chrono::hours(24)});
  return made;
}

/// For 127.0.0.1, from `authority()`, in date.
inline fakes::CertificateOptions good_certificate() {
  fakes::CertificateOptions options;
  options.names = {"127.0.0.1"};
  options.issuer = &authority();
  return options;
}

inline fakes::HttpServerOptions with_tls(
    const fakes::CertificateOptions& certificate = good_certificate()) {
  fakes::HttpServerOptions options;
  options.tls = std::make_shared<const fakes::Certificate>(fakes::Certificate::make(certificate));
  return options;
}

inline void answer_200(fakes::Exchange& exchange) { exchange.respond(200); }

/// Trusts `authority()` and nobody else.
inline std::unique_ptr<CurlTransport> trusting_transport(CurlTransportOptions options = {}) {
  options.ca_pem = authority().certificate_pem;
  return make_transport(std::move(options));
}

/// A directory for the time of a test.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::string pattern = (std::filesystem::temp_directory_path() / "hookline_XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no scratch directory");
    path_ = pattern;
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() { std::filesystem::remove_all(path_); }

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Writes a file and returns its path.
  std::string file(const std::string& name, const std::string& content) const {
    std::ofstream(path_ / name) << content;
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

}  // namespace hookline
