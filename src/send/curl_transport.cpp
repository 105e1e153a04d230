#include "hookline/curl_transport.hpp"

#include <curl/curl.h>
#include <dirent.h>

#include <climits>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>

#include "base/fail.hpp"
#include "base/text.hpp"
#include "send/curl_loop.hpp"
#include "sign/pem.hpp"

namespace hookline {
namespace {

Result<void> check(const CurlTransportOptions& options);
bool can_be_listed(const std::string& directory);
Result<void> check_authorities(const CurlTransportOptions& options);
Result<void> initialise_curl();

}  // namespace

Result<std::unique_ptr<CurlTransport>> CurlTransport::create(CurlTransportOptions options) {
  auto ready = check(options);
  if (ready) ready = initialise_curl();
  if (!ready) return tl::unexpected(ready.error());
  auto loop = Loop::create(std::move(options));
  if (!loop) return tl::unexpected(loop.error());
  return std::unique_ptr<CurlTransport>(new CurlTransport(*std::move(loop)));
}

CurlTransport::CurlTransport(std::unique_ptr<Loop> loop) : loop_(std::move(loop)) {}

CurlTransport::~CurlTransport() = default;

void CurlTransport::send(HttpRequest request, Completion completion) {
  loop_->send(std::move(request), std::move(completion));
}

namespace {

Result<void> check(const CurlTransportOptions& options) {
  if (options.max_connection_age.count() < 1 || options.max_connection_age.count() > INT_MAX) {
    return detail::fail(ErrorCode::invalid_options,
                        "max_connection_age: {} s is out of range; give 1 s or more",
                        options.max_connection_age.count());
  }
  if (options.max_lookups == 0) {
    return detail::fail(ErrorCode::invalid_options,
                        "max_lookups: 0 would let no name be looked up; give 1 or more");
  }
  if (auto checked = check_authorities(options); !checked) return checked;
  for (const std::string& entry : options.resolve) {
    const std::size_t colon = entry.find(':');
    if (colon != std::string::npos && entry.find(':', colon + 1) != std::string::npos) continue;
    return detail::fail(ErrorCode::invalid_options,
                        "resolve: {} is not of the form name:port:address", detail::quoted(entry));
  }
  return {};
}

bool can_be_listed(const std::string& directory) {
  DIR* const opened = ::opendir(directory.c_str());
  if (opened != nullptr) ::closedir(opened);
  return opened != nullptr;
}

Result<void> check_authorities(const CurlTransportOptions& options) {
  const std::string& file = options.ca_file;
  const std::string& directory = options.ca_directory;
  if (!directory.empty() && !file.empty()) {
    return detail::fail(ErrorCode::invalid_options,
                        "ca_directory: stands beside ca_file; give one of them");
  }
  if (!options.ca_pem.empty() && !(file.empty() && directory.empty())) {
    return detail::fail(ErrorCode::invalid_options,
                        "ca_pem: stands beside ca_file or ca_directory; give one of them");
  }
  if (!file.empty() && !std::ifstream(file)) {
    return detail::fail(ErrorCode::invalid_options, "ca_file: {} cannot be read",
                        detail::quoted(file));
  }
  if (!directory.empty() && !can_be_listed(directory)) {
    return detail::fail(ErrorCode::invalid_options, "ca_directory: {} cannot be read",
                        detail::quoted(directory));
  }
  if (!options.ca_pem.empty() && detail::read_certificates(options.ca_pem).empty()) {
    return detail::fail(ErrorCode::invalid_options,
                        "ca_pem: is not PEM of certificates and nothing else");
  }
  return {};
}

/// libcurl counts its users (and locks, from 7.84 on), so this disturbs no host that has
/// initialised it. There is no `curl_global_cleanup` to match: where the host leaves the
/// initialisation to its first easy handle, the clean-up would be the last one and take libcurl
/// away under the host's open handles, and resolver threads can outlive a transport.
Result<void> initialise_curl() {
  if (const CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT); code != CURLE_OK) {
    return detail::fail(ErrorCode::system_failed, "libcurl cannot be initialised: {}",
                        curl_easy_strerror(code));
  }
  // The TLS context is handed to code written for OpenSSL.
  const char* const tls = curl_version_info(CURLVERSION_NOW)->ssl_version;
  if (tls != nullptr && std::string_view(tls).substr(0, 7) == "OpenSSL") return {};
  return detail::fail(ErrorCode::system_failed,
                      "libcurl is built with {}; the OpenSSL build is needed",
                      tls == nullptr ? "no TLS library" : tls);
}

}  // namespace
}  // namespace hookline
