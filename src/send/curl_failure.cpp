#include "send/curl_failure.hpp"

#include <string>

#include "base/text.hpp"

namespace hookline::detail {
namespace {

constexpr std::size_t kMaxMessage = 240;
/// CURLE_TOO_LARGE from 8.6 on; before, libcurl calls it out of memory when a header line passes
/// its own limit of 100 KB.
constexpr auto kTooLarge = static_cast<CURLcode>(100);
FailureClass class_of(CURLcode code);
bool is_tls_alert(std::string_view error);

}  // namespace

TransportFailure curl_failure(CURLcode code, std::string_view error) {
  // libcurl calls it a success when the connection ends inside the header section.
  if (code == CURLE_OK) error = "the connection ended inside the header section";
  if (code == CURLE_OUT_OF_MEMORY) error = "libcurl has no room for a line of the headers";
  if (error.empty()) error = curl_easy_strerror(code);
  const FailureClass failure = is_tls_alert(error) ? FailureClass::tls : class_of(code);
  return {failure, printable(error, kMaxMessage), false};
}

namespace {

FailureClass class_of(CURLcode code) {
  if (code == kTooLarge) return FailureClass::protocol;
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return FailureClass::dns;
    case CURLE_COULDNT_CONNECT:
    case CURLE_SEND_ERROR:
      return FailureClass::connect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_CLIENTCERT:
      return FailureClass::tls;
    case CURLE_OPERATION_TIMEDOUT:
      return FailureClass::timeout;
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_OUT_OF_MEMORY:
      return FailureClass::protocol;
    case CURLE_OK:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return FailureClass::connection;
    default:
      return FailureClass::internal;
  }
}

/// What a receiver thinks of a client certificate comes after the handshake in TLS 1.3, and libcurl
/// calls it a failure to read or to write.
bool is_tls_alert(std::string_view error) {
  return error.find("SSL routines:") != std::string_view::npos &&
         error.find(" alert ") != std::string_view::npos;
}

}  // namespace
}  // namespace hookline::detail
