#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "hookline/export.hpp"
#include "hookline/result.hpp"
#include "hookline/transport.hpp"

namespace hookline {

struct CurlTransportOptions {
  /// Idle connections kept open for reuse, over all hosts.
  std::size_t max_idle_connections = 1024;
  /// A connection older than this is not used again, so that changes of DNS take effect.
  std::chrono::seconds max_connection_age{300};
  /// Name look-ups at the same time, those included that were given up but still run in libcurl's
  /// resolver threads.
  std::size_t max_lookups = 64;
  /// The authorities to trust in place of the system's, in one of three forms; all empty: the
  /// system's. This is a PEM file; libcurl keeps what it has read of it for a day.
  std::string ca_file;
  /// A directory of PEM files under the names that `openssl rehash` gives them.
  std::string ca_directory;
  /// A PEM text. Every open connection has a copy of it: for a few authorities, not for hundreds.
  std::string ca_pem;
  /// Fixed addresses in place of DNS, `name:port:address[,address]…` (`CURLOPT_RESOLVE`); they are
  /// checked like any other. For tests.
  std::vector<std::string> resolve;
};

/// The default transport: libcurl's multi interface on one thread, connections reused, HTTP/1.1.
///
/// It takes nothing from the environment (proxy, .netrc), follows no redirect, keeps no cookies and
/// checks every address it dials or reuses against the policy of the request. A connection is used
/// again under the same policy and with the same client certificate only. TLS is 1.2 or later, with
/// a certificate of the receiver's that an authority vouches for.
///
/// The destructor cancels what is open and returns at once, also while a look-up hangs; the
/// resolver threads of libcurl can outlive it.
class HOOKLINE_API CurlTransport final : public Transport {
 public:
  /// `ErrorCode::system_failed` if curl cannot be initialised or the thread cannot be started,
  /// `invalid_options` if an option cannot be used.
  [[nodiscard]] static Result<std::unique_ptr<CurlTransport>> create(
      CurlTransportOptions options = {});
  ~CurlTransport() override;

  void send(HttpRequest request, Completion completion) override;

 private:
  class Loop;
  explicit CurlTransport(std::unique_ptr<Loop> loop);
  std::unique_ptr<Loop> loop_;
};

}  // namespace hookline
