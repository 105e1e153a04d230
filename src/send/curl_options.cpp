#include "send/curl_options.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>

namespace hookline::detail {
namespace {

CURLcode clear_key_log(CURL* easy, void* ssl_context, void* unused) noexcept;
bool system_has_ca_file(CURL* easy);

}  // namespace

// Most of this is the default. It stands here so that it does not depend on that.
void CurlOptions::isolate() {
  set(CURLOPT_REDIR_PROTOCOLS_STR, "https");
  set(CURLOPT_FOLLOWLOCATION, 0L);
  set(CURLOPT_UNRESTRICTED_AUTH, 0L);
  set(CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  set(CURLOPT_HTTP09_ALLOWED, 0L);
  // An empty proxy is what keeps libcurl from reading http_proxy and its kin, behind which the
  // callbacks would see the proxy's address alone.
  set(CURLOPT_PROXY, "");
  set(CURLOPT_NOPROXY, "*");
  set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
  set(CURLOPT_NOSIGNAL, 1L);
  // Otherwise giving up a look-up waits for getaddrinfo, and the whole thread with it.
  set(CURLOPT_QUICK_EXIT, 1L);
}

void CurlOptions::verify_tls(const std::string& ca_file) {
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSL_CTX_FUNCTION, &clear_key_log);
  if (!ca_file.empty()) set(CURLOPT_CAINFO, ca_file.c_str());
  // With a file, the system's directory of authorities would be trusted beside it. With the
  // system's own file it says the same again, and keeps libcurl from caching what it has read
  // (CURLOPT_CA_CACHE_TIMEOUT): every handshake would read them all, on the only thread.
  if (!ca_file.empty() || system_has_ca_file(easy_)) {
    set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
}

std::string CurlOptions::message() const {
  const curl_easyoption* option = curl_easy_option_by_id(option_);
  return fmt::format("libcurl refused option {}: {}", option ? option->name : "?",
                     curl_easy_strerror(code_));
}

namespace {

/// libcurl lets SSLKEYLOGFILE write the secrets of every connection to a file.
CURLcode clear_key_log(CURL* /*easy*/, void* ssl_context, void* /*unused*/) noexcept {
  SSL_CTX_set_keylog_callback(static_cast<SSL_CTX*>(ssl_context), nullptr);
  return CURLE_OK;
}

bool system_has_ca_file(CURL* easy) {
  char* file = nullptr;
  return curl_easy_getinfo(easy, CURLINFO_CAINFO, &file) == CURLE_OK && file != nullptr;
}

}  // namespace
}  // namespace hookline::detail
