#include "send/curl_transfer.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <system_error>
#include <utility>

#include "base/fail.hpp"
#include "base/text.hpp"
#include "send/curl_failure.hpp"
#include "send/curl_options.hpp"
#include "send/ip_address.hpp"

namespace hookline::detail {
namespace {

using Ready = tl::expected<void, TransportFailure>;
using std::chrono::milliseconds;

tl::unexpected<TransportFailure> refused_url(std::string message);
tl::unexpected<TransportFailure> internal(std::string message);
std::optional<std::string> fingerprint_of(const ClientCertificate& certificate);
long whole_milliseconds(milliseconds time);
bool is_out_of_resources(int error);
std::string_view trimmed(std::string_view text);

}  // namespace

/// What libcurl calls. Nothing may be thrown through it, so running out of memory ends here.
struct CurlTransfer::Callbacks {
  static curl_socket_t open_socket(void* self, curlsocktype, curl_sockaddr* address) noexcept {
    return static_cast<CurlTransfer*>(self)->open_socket(*address);
  }
  static int before_request(void* self, char* address, char* own, int port, int own_port) noexcept {
    const std::string connection = fmt::format("{} {} {} {}", own, own_port, address, port);
    const bool may = static_cast<CurlTransfer*>(self)->may_use(connection, address, port);
    return may ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
  }
  static int before_lookup(void*, void*, void* self) noexcept {
    return static_cast<CurlTransfer*>(self)->may_look_up() ? 0 : 1;
  }
  static std::size_t header(char* bytes, std::size_t, std::size_t size, void* self) noexcept {
    return static_cast<CurlTransfer*>(self)->take_header({bytes, size}) ? size : 0;
  }
  static std::size_t body(char* bytes, std::size_t, std::size_t size, void* self) noexcept {
    return static_cast<CurlTransfer*>(self)->take_body({bytes, size}) ? size : 0;
  }
};

std::unique_ptr<CurlTransfer> CurlTransfer::create(TransferContext& context) {
  CURL* const easy = curl_easy_init();
  if (easy == nullptr) return nullptr;
  return std::unique_ptr<CurlTransfer>(new CurlTransfer(context, easy));
}

CurlTransfer::CurlTransfer(TransferContext& context, CURL* easy) : context_(context), easy_(easy) {}

CurlTransfer::~CurlTransfer() = default;

void CurlTransfer::take(HttpRequest request, Transport::Completion completion,
                        LookupLimit::TimePoint deadline) {
  request_ = std::move(request);
  completion_ = std::move(completion);
  deadline_ = deadline;
  must_dial_ = false;
  acceptable_ = read_request();
}

Ready CurlTransfer::read_request() {
  auto url = context_.urls.read(request_.url, request_.address_policy);
  if (!url) {
    const bool own_fault = url.error().code == ErrorCode::system_failed;
    std::string& message = url.error().message;
    return own_fault ? internal(std::move(message)) : refused_url(std::move(message));
  }
  url_ = *std::move(url);
  if (!request_.body) return internal("the request has no body");
  if (auto fault = fault_in(request_.headers)) return internal(*std::move(fault));
  headers_.assign(request_.headers);
  identity_.clear();
  if (request_.client_certificate == nullptr) return {};
  auto identity = fingerprint_of(*request_.client_certificate);
  if (!identity) return internal("OpenSSL failed; there may be no memory left");
  identity_ = *std::move(identity);
  return {};
}

Ready CurlTransfer::prepare(LookupLimit::TimePoint now) {
  must_dial_ = must_dial_ || wants_own_connection();
  stop_ = Stop::none;
  refusal_.clear();
  dialled_ = may_be_used_ = in_headers_ = answered_ = false;
  socket_errno_ = 0;
  header_bytes_ = body_bytes_ = 0;
  response_ = HttpResponse{};
  error_[0] = '\0';
  if (!acceptable_) return acceptable_;

  CurlOptions options(easy_.get());
  if (!has_common_options_) set_common_options(options);
  set_request_options(options, now);
  if (options.refused()) return internal(options.message());
  has_common_options_ = true;
  return {};
}

/// What is the same for every request of the transport.
void CurlTransfer::set_common_options(CurlOptions& options) {
  curl_easy_reset(easy_.get());
  options.isolate();
  options.verify_tls(context_.options);
  options.set(CURLOPT_POST, 1L);
  options.set(CURLOPT_MAXLIFETIME_CONN,
              static_cast<long>(context_.options.max_connection_age.count()));
  if (context_.options.max_idle_connections == 0) options.set(CURLOPT_FORBID_REUSE, 1L);
  if (context_.resolve != nullptr) options.set(CURLOPT_RESOLVE, context_.resolve);

  options.set(CURLOPT_PRIVATE, static_cast<void*>(this));
  options.set(CURLOPT_ERRORBUFFER, error_.data());
  options.set(CURLOPT_OPENSOCKETFUNCTION, &Callbacks::open_socket);
  options.set(CURLOPT_OPENSOCKETDATA, static_cast<void*>(this));
  options.set(CURLOPT_PREREQFUNCTION, &Callbacks::before_request);
  options.set(CURLOPT_PREREQDATA, static_cast<void*>(this));
  options.set(CURLOPT_RESOLVER_START_FUNCTION, &Callbacks::before_lookup);
  options.set(CURLOPT_RESOLVER_START_DATA, static_cast<void*>(this));
  options.set(CURLOPT_HEADERFUNCTION, &Callbacks::header);
  options.set(CURLOPT_HEADERDATA, static_cast<void*>(this));
  options.set(CURLOPT_WRITEFUNCTION, &Callbacks::body);
  options.set(CURLOPT_WRITEDATA, static_cast<void*>(this));
}

/// What differs from request to request. Every one of these is set each time, so that nothing of an
/// earlier request stays; in return the rest is set once, which is a twentieth of a request's cost.
void CurlTransfer::set_request_options(CurlOptions& options, LookupLimit::TimePoint now) {
  const auto left = std::chrono::ceil<milliseconds>(deadline_ - now);
  options.set(CURLOPT_PROTOCOLS_STR, url_->checked.https ? "https" : "http");
  options.set(CURLOPT_CURLU, url_->url.get());
  options.identify_as(request_.client_certificate.get());
  options.set(CURLOPT_FRESH_CONNECT, must_dial_ ? 1L : 0L);
  options.set(CURLOPT_HTTPHEADER, headers_.list());
  options.set(CURLOPT_POSTFIELDS, request_.body->data());
  options.set(CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request_.body->size()));
  options.set(CURLOPT_CONNECTTIMEOUT_MS, whole_milliseconds(request_.connect_timeout));
  options.set(CURLOPT_TIMEOUT_MS, whole_milliseconds(left));
}

/// CURLOPT_RESOLVER_START_FUNCTION is called for what neither the connection cache nor the DNS
/// cache of libcurl answers; also for a literal address, which takes no thread and never waits.
bool CurlTransfer::may_look_up() {
  if (lookup_ == Lookup::none) {
    if (parse_ipv4(url_->checked.host) || parse_ipv6(url_->checked.host)) return true;
    if (!context_.lookups.take(std::chrono::steady_clock::now())) {
      stop_ = Stop::no_lookup_slot;
      return false;
    }
  }
  lookup_ = Lookup::running;
  return true;
}

/// Every address that is dialled comes through here, so what DNS answers needs no second look.
curl_socket_t CurlTransfer::open_socket(const curl_sockaddr& address) {
  end_lookup(false, {});
  const auto target = from_sockaddr(&address.addr);
  if (!target) {
    refuse("the name resolved to an address that is neither IPv4 nor IPv6 or has a zone");
    return CURL_SOCKET_BAD;
  }
  const auto checked = request_.address_policy.check_address(target->first, target->second);
  if (!checked) {
    refuse(checked.error().message);
    return CURL_SOCKET_BAD;
  }
  const int socket = ::socket(address.family, address.socktype | SOCK_CLOEXEC, address.protocol);
  if (socket < 0) {
    socket_errno_ = errno;
    return CURL_SOCKET_BAD;
  }
  dialled_ = true;
  return socket;
}

/// A reused connection opens no socket, and was dialled by another request.
bool CurlTransfer::may_use(const std::string& connection, const char* address, int port) {
  end_lookup(false, {});
  if (!is_own(connection)) {
    refuse("libcurl took a connection that was dialled for another request");
    stop_ = must_dial_ ? Stop::address_refused : Stop::not_own_connection;
    return false;
  }
  auto peer = parse_ipv4(address);
  if (!peer) peer = parse_ipv6(address);
  if (!peer) {
    refuse("the connection's address cannot be read");
  } else if (auto checked =
                 request_.address_policy.check_address(*peer, static_cast<std::uint16_t>(port));
             !checked) {
    refuse(checked.error().message);
  } else {
    may_be_used_ = true;
    return true;
  }
  stop_ = Stop::address_refused;
  return false;
}

bool CurlTransfer::is_own(const std::string& connection) {
  ConnectionOwner self{request_.address_policy, identity_};
  if (!dialled_) return context_.owners.belongs_to(connection, self);
  context_.owners.dialled(connection, std::move(self));
  return true;
}

/// libcurl hands over one line at a time: of every 1xx answer, of the final one, and trailers.
bool CurlTransfer::take_header(std::string_view line) {
  header_bytes_ += line.size();
  if (header_bytes_ > request_.max_header_bytes) {
    stop_ = Stop::header_limit;
    return false;
  }
  if (answered_) return true;
  if (!in_headers_) return take_status_line(line);
  line = trimmed(line);
  if (line.empty()) {
    in_headers_ = false;
    answered_ = response_.status >= 200;
    return true;
  }
  constexpr std::string_view kRetryAfter = "retry-after:";
  const bool wanted = equal_ignoring_case(line.substr(0, kRetryAfter.size()), kRetryAfter);
  if (wanted && !response_.retry_after) {
    response_.retry_after = trimmed(line.substr(kRetryAfter.size()));
  }
  return true;
}

/// `HTTP/1.1 200`: libcurl also reads other versions here, and goes on after a 101 as if the body
/// followed.
bool CurlTransfer::take_status_line(std::string_view line) {
  const bool http1 = line.substr(0, 9) == "HTTP/1.1 " || line.substr(0, 9) == "HTTP/1.0 ";
  const std::string_view status = line.substr(std::min<std::size_t>(9, line.size()), 3);
  const bool number = status.size() == 3 && std::all_of(status.begin(), status.end(), is_digit);
  if (!http1 || !number || status.front() == '0') {
    stop_ = Stop::not_http1;
    return false;
  }
  response_ = HttpResponse{};
  response_.status = (status[0] - '0') * 100 + (status[1] - '0') * 10 + (status[2] - '0');
  in_headers_ = true;
  if (response_.status != 101) return true;
  stop_ = Stop::not_http1;
  return false;
}

bool CurlTransfer::take_body(std::string_view bytes) {
  body_bytes_ += bytes.size();
  response_.body += bytes.substr(0, request_.keep_body_bytes - response_.body.size());
  if (body_bytes_ <= request_.max_body_bytes) return true;
  stop_ = Stop::body_limit;
  return false;
}

void CurlTransfer::refuse(std::string reason) {
  if (refusal_.empty()) refusal_ = std::move(reason);
}

void CurlTransfer::end_lookup(bool still_running, LookupLimit::TimePoint now) {
  if (lookup_ == Lookup::none) return;
  if (still_running && lookup_ == Lookup::running) {
    context_.lookups.abandon(now);
  } else {
    context_.lookups.give_back();
  }
  lookup_ = Lookup::none;
}

Transport::Completion CurlTransfer::release() {
  wipe_credentials(request_.headers);
  headers_.wipe();
  request_ = HttpRequest{};
  return std::exchange(completion_, nullptr);
}

HttpResult CurlTransfer::finish(CURLcode code, LookupLimit::TimePoint now) {
  end_lookup(code == CURLE_OPERATION_TIMEDOUT, now);
  if (answered_) return std::move(response_);
  return tl::unexpected(failure(code));
}

TransportFailure CurlTransfer::failure(CURLcode code) const {
  if (stop_ == Stop::not_http1) {
    return {FailureClass::protocol, "what came back is not an answer of HTTP/1.0 or HTTP/1.1",
            false};
  }
  if (stop_ == Stop::header_limit) {
    return {FailureClass::protocol,
            fmt::format("the headers are over {} bytes", request_.max_header_bytes), false};
  }
  if (stop_ == Stop::address_refused || (!refusal_.empty() && !dialled_)) {
    return {FailureClass::policy, refusal_, false};
  }
  if (!dialled_ && is_out_of_resources(socket_errno_)) {
    return {FailureClass::internal,
            "cannot open a socket: " + std::generic_category().message(socket_errno_), false};
  }
  TransportFailure failed = curl_failure(code, error_.data());
  failed.connected = was_connected();
  return failed;
}

/// A reused connection takes no time to connect, but it is asked about before it is used.
bool CurlTransfer::was_connected() const {
  curl_off_t connect_time = 0;
  curl_easy_getinfo(easy_.get(), CURLINFO_CONNECT_TIME_T, &connect_time);
  return may_be_used_ || connect_time > 0;
}

namespace {

tl::unexpected<TransportFailure> refused_url(std::string message) {
  return tl::unexpected<TransportFailure>({FailureClass::policy, std::move(message), true});
}

tl::unexpected<TransportFailure> internal(std::string message) {
  return tl::unexpected<TransportFailure>({FailureClass::internal, std::move(message), false});
}

/// Not the key itself, which is not to live as long as connections do.
std::optional<std::string> fingerprint_of(const ClientCertificate& certificate) {
  const std::string_view key = certificate.key.reveal();
  const std::string& text = certificate.certificate;
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  if (HMAC(EVP_sha256(), key.data() == nullptr ? "" : key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
           &size) == nullptr) {
    return std::nullopt;
  }
  return std::string(mac.begin(), mac.begin() + size);
}

/// For libcurl, 0 stands for a default or for no limit.
long whole_milliseconds(milliseconds time) {
  return static_cast<long>(std::clamp<milliseconds::rep>(time.count(), 1, INT_MAX));
}

bool is_out_of_resources(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace
}  // namespace hookline::detail
