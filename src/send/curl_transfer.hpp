#pragma once

#include <curl/curl.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hookline/curl_transport.hpp"
#include "hookline/transport.hpp"
#include "send/connection_owners.hpp"
#include "send/curl_options.hpp"
#include "send/header_list.hpp"
#include "send/lookup_limit.hpp"
#include "send/read_urls.hpp"

namespace hookline::detail {

/// What every transfer of a transport shares. It outlives them.
struct TransferContext {
  CurlTransportOptions options;
  curl_slist* resolve = nullptr;  ///< `options.resolve` for libcurl, or null
  LookupLimit lookups{0};
  ConnectionOwners owners{0};
  ReadUrls urls;
};

/// One request with its easy handle: sets the options, watches over addresses and sizes while
/// libcurl works, and says in the end what came of it. Used again for other requests, one at a
/// time. The multi handle is the loop's business.
///
/// `take` and `release` are called from any thread, which is where the work that needs no libcurl
/// is done; in between the transfer belongs to the thread of the transport, callbacks included.
class CurlTransfer {
 public:
  /// Null if there is no memory for an easy handle.
  [[nodiscard]] static std::unique_ptr<CurlTransfer> create(TransferContext& context);
  CurlTransfer(const CurlTransfer&) = delete;
  CurlTransfer& operator=(const CurlTransfer&) = delete;
  ~CurlTransfer();

  /// Takes the request over and reads its URL and headers. What is wrong with them comes out of
  /// `prepare`.
  void take(HttpRequest request, Transport::Completion completion, LookupLimit::TimePoint deadline);

  /// Sets the handle up for the request, also again after `wants_lookup_slot` or
  /// `wants_own_connection`. A failure ends the request before anything is dialled.
  [[nodiscard]] tl::expected<void, TransportFailure> prepare(LookupLimit::TimePoint now);

  /// A slot that was taken beforehand, for a transfer that had to wait for one.
  void give_lookup_slot() { lookup_ = Lookup::reserved; }

  /// Whether the transfer ended only because no look-up was free: it is to be prepared again.
  [[nodiscard]] bool wants_lookup_slot() const { return stop_ == Stop::no_lookup_slot; }
  /// Whether it ended only because libcurl had a connection for it that is another's: it is to be
  /// prepared again, and will dial.
  [[nodiscard]] bool wants_own_connection() const { return stop_ == Stop::not_own_connection; }

  /// After libcurl has finished with the handle: the outcome of the request.
  [[nodiscard]] HttpResult finish(CURLcode code, LookupLimit::TimePoint now);
  /// After the handle was taken from libcurl before its end.
  void abandon(LookupLimit::TimePoint now) { end_lookup(true, now); }

  /// Empties the transfer for the next request and hands out the completion.
  [[nodiscard]] Transport::Completion release();

  [[nodiscard]] CURL* handle() const { return easy_.get(); }
  [[nodiscard]] LookupLimit::TimePoint deadline() const { return deadline_; }

  std::size_t index = 0;  ///< the loop's: where it keeps this transfer

 private:
  /// Why a callback ended the transfer.
  enum class Stop {
    none,
    not_http1,
    header_limit,
    body_limit,
    address_refused,
    no_lookup_slot,
    not_own_connection
  };
  /// The slot of `LookupLimit` that this transfer holds.
  enum class Lookup { none, reserved, running };

  struct EasyDeleter {
    void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
  };

  CurlTransfer(TransferContext& context, CURL* easy);

  [[nodiscard]] tl::expected<void, TransportFailure> read_request();
  void set_common_options(CurlOptions& options);
  void set_request_options(CurlOptions& options, LookupLimit::TimePoint now);

  [[nodiscard]] curl_socket_t open_socket(const curl_sockaddr& address);
  [[nodiscard]] bool may_use(const std::string& connection, const char* address, int port);
  [[nodiscard]] bool is_own(const std::string& connection);
  [[nodiscard]] bool may_look_up();
  [[nodiscard]] bool take_header(std::string_view line);
  [[nodiscard]] bool take_status_line(std::string_view line);
  [[nodiscard]] bool take_body(std::string_view bytes);
  void refuse(std::string reason);
  void end_lookup(bool still_running, LookupLimit::TimePoint now);
  [[nodiscard]] TransportFailure failure(CURLcode code) const;
  [[nodiscard]] bool was_connected() const;

  struct Callbacks;
  TransferContext& context_;
  std::unique_ptr<CURL, EasyDeleter> easy_;
  bool has_common_options_ = false;

  HttpRequest request_;
  Transport::Completion completion_;
  LookupLimit::TimePoint deadline_;  ///< of the whole request
  std::shared_ptr<const ReadUrl> url_;
  HeaderList headers_;
  std::string identity_;    ///< stands for the client certificate and its key; empty: none
  bool must_dial_ = false;  ///< what libcurl has kept is another's
  tl::expected<void, TransportFailure> acceptable_;  ///< or why the request cannot be sent
  std::array<char, CURL_ERROR_SIZE> error_{};

  Stop stop_ = Stop::none;
  Lookup lookup_ = Lookup::none;
  std::string refusal_;       ///< why an address was refused
  bool dialled_ = false;      ///< an address was allowed
  bool may_be_used_ = false;  ///< a connection stood, and its address was allowed
  int socket_errno_ = 0;      ///< why the system gave no socket
  bool in_headers_ = false;
  bool answered_ = false;  ///< the final header section arrived whole
  std::size_t header_bytes_ = 0;
  std::size_t body_bytes_ = 0;
  HttpResponse response_;
};

}  // namespace hookline::detail
