#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hookline/address_policy.hpp"
#include "hookline/client_certificate.hpp"
#include "hookline/export.hpp"
#include "hookline/http_header.hpp"
#include "hookline/result.hpp"

namespace hookline {

/// One POST, complete: a transport adds nothing to it but `host`, `content-length` and framing.
struct HttpRequest {
  std::string url;
  std::vector<HttpHeader> headers;
  std::shared_ptr<const std::string> body;  ///< shared by every request of the event; never null

  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds timeout{15'000};  ///< the whole request, reading the answer included
  std::size_t max_header_bytes = 65'536;      ///< of the answer, trailers and 1xx included
  std::size_t max_body_bytes = 65'536;        ///< of the answer, decoded; the rest is cut off
  std::size_t keep_body_bytes = 1024;         ///< how much of it `HttpResponse::body` keeps

  /// Every address that is dialled or reused for this request must satisfy it.
  AddressPolicy address_policy;

  /// Who is calling, for receivers that ask; null: nobody in particular. Only requests with the
  /// same one may share a connection.
  std::shared_ptr<const ClientCertificate> client_certificate;
};

/// An answer whose header section arrived whole. Its status decides; what went wrong with the body
/// afterwards (cut off, reset, out of time) does not change that.
struct HttpResponse {
  int status = 0;
  std::optional<std::string> retry_after;  ///< the header as it came
  std::string body;                        ///< the first bytes, untrusted
};

/// Why no answer came.
enum class FailureClass {
  policy,      ///< the address is one that the policy refuses; nothing was sent
  dns,         ///< the name did not resolve
  connect,     ///< no connection (refused, unreachable, reset before the request was out)
  tls,         ///< handshake or certificate
  timeout,     ///< a time limit passed
  protocol,    ///< what came back is not an HTTP/1 answer, or its headers are over the limit
  connection,  ///< the connection broke before the header section was complete
  cancelled,   ///< the transport was shut down
  internal     ///< a fault on this side; the message says which
};

/// The name of the enumerator.
[[nodiscard]] HOOKLINE_API std::string_view to_string(FailureClass failure);

struct TransportFailure {
  FailureClass failure = FailureClass::internal;
  std::string message;     ///< one line, printable, without secrets or query strings
  bool permanent = false;  ///< trying again cannot help (a URL or literal address that is refused)
  bool connected = false;  ///< there was a connection: somebody was reached
};

using HttpResult = tl::expected<HttpResponse, TransportFailure>;

/// Moves one request. Signing, retrying and limits stand above it, so that a test or a host with an
/// HTTP stack of its own can put another one in its place.
///
/// Threads: `send` is called from any thread; it must not wait for the network, and not throw. The
/// completion is called exactly once for each `send`, from any thread, also from inside `send`. It
/// returns soon, does not throw and may call `send`, but must not destroy the transport.
///
/// Ownership:
/// the transport owns the request and the completion until it has called it.
///
/// End: before the
/// destructor returns, every open request is completed, as `cancelled` if need be.
///
/// Redirects are
/// answers like any other: a transport never follows one.
class HOOKLINE_API Transport {
 public:
  using Completion = std::function<void(HttpResult)>;

  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  virtual ~Transport();

  virtual void send(HttpRequest request, Completion completion) = 0;
};

}  // namespace hookline
