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

void CurlOptions::verify_tls(const CurlTransportOptions& options) {
  set(CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  set(CURLOPT_SSL_VERIFYPEER, 1L);
  set(CURLOPT_SSL_VERIFYHOST, 2L);
  set(CURLOPT_SSL_CTX_FUNCTION, &clear_key_log);
  // Otherwise OpenSSL would ask on the terminal for the pass phrase of a key that has one.
  set(CURLOPT_KEYPASSWD, "");
  trust(options.ca_file, options.ca_directory, options.ca_pem);
}

/// What is not named is taken away: libcurl would trust the system's file or directory beside it.
/// Where nothing is named, the system's file says the same again as its directory, which keeps
/// libcurl from caching what it has read (CURLOPT_CA_CACHE_TIMEOUT): every handshake would read
/// them all, on the only thread.
void CurlOptions::trust(const std::string& file, const std::string& directory,
                        const std::string& pem) {
  constexpr const char* kNone = nullptr;
  const bool named = !file.empty() || !directory.empty() || !pem.empty();
  if (named) set(CURLOPT_CAINFO, file.empty() ? kNone : file.c_str());
  if (named || system_has_ca_file(easy_)) {
    set(CURLOPT_CAPATH, directory.empty() ? kNone : directory.c_str());
  }
  if (!pem.empty()) set_text(CURLOPT_CAINFO_BLOB, pem);
}

void CurlOptions::identify_as(const ClientCertificate* certificate) {
  set_text(CURLOPT_SSLCERT_BLOB, certificate ? certificate->certificate : std::string_view());
  set_text(CURLOPT_SSLKEY_BLOB, certificate ? certificate->key.reveal() : std::string_view());
  // A session that is resumed carries the identity of the connection that began it.
  set(CURLOPT_SSL_SESSIONID_CACHE, certificate ? 0L : 1L);
}

/// Without copying it; an empty text takes away what was set before.
void CurlOptions::set_text(CURLoption option, std::string_view text) {
  curl_blob blob{const_cast<char*>(text.data()), text.size(), CURL_BLOB_NOCOPY};
  set(option, text.empty() ? nullptr : &blob);
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
