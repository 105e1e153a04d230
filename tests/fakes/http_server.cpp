#include "fakes/http_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <strings.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "fakes/server_stream.hpp"

namespace hookline::fakes {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

void require(bool condition, const char* what) {
  if (!condition) throw std::runtime_error(std::string("test server: ") + what);
}

template <class T, void (*Free)(T*)>
struct Freer {
  void operator()(T* object) const { Free(object); }
};
template <class T, void (*Free)(T*)>
using Owned = std::unique_ptr<T, Freer<T, Free>>;
using OwnedSslContext = Owned<SSL_CTX, SSL_CTX_free>;
using OwnedKey = Owned<EVP_PKEY, EVP_PKEY_free>;
using OwnedCertificate = Owned<X509, X509_free>;
using OwnedBio = Owned<BIO, BIO_free_all>;

/// SSL_write has no MSG_NOSIGNAL.
void block_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

struct HttpServer::TlsContext {
  OwnedSslContext context;
};

namespace {

std::vector<std::string> split_lines(std::string_view head) {
  std::vector<std::string> lines;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    if (end == std::string_view::npos) break;
    lines.emplace_back(head.substr(0, end));
    head.remove_prefix(end + 2);
  }
  return lines;
}

ReceivedRequest parse_head(std::string_view head) {
  ReceivedRequest request;
  request.head = head;
  request.header_lines = split_lines(head.substr(0, head.size() - 2));
  if (request.header_lines.empty()) return request;
  const std::string line = request.header_lines.front();
  request.header_lines.erase(request.header_lines.begin());
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  request.method = line.substr(0, first);
  if (first == last) return request;
  request.target = line.substr(first + 1, last - first - 1);
  request.version = line.substr(last + 1);
  return request;
}

/// Takes one request from the front of `buffer`, reading more as needed.
bool read_request(ServerStream& stream, std::string& buffer, ReceivedRequest& request) {
  std::size_t end;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos) {
    if (!stream.read(buffer)) return false;
  }
  request = parse_head(std::string_view(buffer).substr(0, end + 4));
  buffer.erase(0, end + 4);
  const std::string length = request.header("content-length");
  const std::size_t size = length.empty() ? 0 : std::stoul(length);
  while (buffer.size() < size) {
    if (!stream.read(buffer)) return false;
  }
  request.body = buffer.substr(0, size);
  buffer.erase(0, size);
  return true;
}

void ask_for_certificates(SSL_CTX* context, const HttpServerOptions& options) {
  const bool required = options.clients == ClientCertificates::required;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  OwnedBio bio(BIO_new_mem_buf(options.client_authority.data(), -1));
  OwnedCertificate authority(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  require(X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) == 1, "authority");
  const unsigned char name[] = "test";  // without it, no session could be resumed
  SSL_CTX_set_session_id_context(context, name, sizeof name);
}

OwnedSslContext make_tls_context(const HttpServerOptions& options) {
  const Certificate& pair = *options.tls;
  OwnedSslContext context(SSL_CTX_new(TLS_server_method()));
  OwnedBio certificate_bio(BIO_new_mem_buf(pair.certificate_pem.data(), -1));
  OwnedBio key_bio(BIO_new_mem_buf(pair.key_pem.data(), -1));
  OwnedCertificate certificate(PEM_read_bio_X509(certificate_bio.get(), nullptr, nullptr, nullptr));
  OwnedKey key(PEM_read_bio_PrivateKey(key_bio.get(), nullptr, nullptr, nullptr));
  require(SSL_CTX_use_certificate(context.get(), certificate.get()) == 1, "certificate");
  require(SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1, "private key");
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE);
  if (options.tls_version != 0) {
    SSL_CTX_set_security_level(context.get(), 0);  // the old ones need SHA-1
    SSL_CTX_set_min_proto_version(context.get(), options.tls_version);
    SSL_CTX_set_max_proto_version(context.get(), options.tls_version);
  }
  if (options.clients != ClientCertificates::not_asked_for) {
    ask_for_certificates(context.get(), options);
  }
  return context;
}

int listen_on(const HttpServerOptions& options) {
  sockaddr_storage address{};
  socklen_t size = sizeof(sockaddr_in);
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
  if (::inet_pton(AF_INET, options.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(options.port);
  } else {
    require(::inet_pton(AF_INET6, options.address.c_str(), &v6->sin6_addr) == 1, "address");
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(options.port);
    size = sizeof(sockaddr_in6);
  }
  const int listener = ::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  require(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
  require(::listen(listener, 1024) == 0, "listen");
  return listener;
}

std::uint16_t port_of(int listener) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  require(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0, "port");
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in*>(&address)->sin_port
                                            : reinterpret_cast<sockaddr_in6*>(&address)->sin6_port);
}

}  // namespace

std::string ReceivedRequest::header(std::string_view name) const {
  for (const std::string& line : header_lines) {
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    const std::size_t start = line.find_first_not_of(" \t", name.size() + 1);
    return start == std::string::npos ? "" : line.substr(start);
  }
  return "";
}

Exchange::Exchange(ServerStream& stream, const ReceivedRequest& request)
    : stream_(stream), request_(request) {}

bool Exchange::write(std::string_view bytes) { return stream_.write(bytes); }

bool Exchange::respond(int status, std::string_view body, std::string_view headers) {
  std::string answer = "HTTP/1.1 " + std::to_string(status) + " Answer\r\n";
  answer += headers;
  answer += "content-length: " + std::to_string(body.size()) + "\r\n\r\n";
  answer += body;
  return write(answer);
}

bool Exchange::drip(std::string_view bytes, milliseconds time) {
  for (const char& byte : bytes) {
    if (!pause(time) || !write(std::string_view(&byte, 1))) return false;
  }
  return true;
}

bool Exchange::pause(milliseconds time) { return stream_.pause(time); }
void Exchange::hang() { stream_.hang(); }
void Exchange::close() { stream_.close(); }
void Exchange::reset() { stream_.reset(); }

HttpServer::HttpServer() : HttpServer([](Exchange& exchange) { exchange.respond(200); }) {}

HttpServer::HttpServer(Handler handler, const HttpServerOptions& options)
    : handler_(std::move(handler)),
      options_(options),
      listener_(listen_on(options)),
      stop_event_(::eventfd(0, EFD_CLOEXEC)),
      port_(port_of(listener_)) {
  if (options.tls) tls_.reset(new TlsContext{make_tls_context(options)});
  accepting_ = std::thread([this] { accept_connections(); });
}

HttpServer::~HttpServer() {
  ::eventfd_write(stop_event_, 1);
  accepting_.join();
  for (std::thread& thread : connection_threads_) thread.join();
  ::close(listener_);
  ::close(stop_event_);
}

std::string HttpServer::url(std::string_view target) const {
  const bool v6 = options_.address.find(':') != std::string::npos;
  return (tls_ ? "https://" : "http://") + (v6 ? "[" + options_.address + "]" : options_.address) +
         ":" + std::to_string(port_) + std::string(target);
}

std::size_t HttpServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

std::size_t HttpServer::received_bytes() const { return received_bytes_; }

std::size_t HttpServer::request_count() const {
  const std::lock_guard lock(mutex_);
  return requests_.size();
}

std::vector<ReceivedRequest> HttpServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

bool HttpServer::wait_for_requests(std::size_t count, milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return requests_.size() >= count; });
}

bool HttpServer::wait_for_connections(std::size_t count, milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, timeout, [&] { return connections_ >= count; });
}

void HttpServer::accept_connections() {
  block_sigpipe();
  for (;;) {
    pollfd fds[] = {{listener_, POLLIN, 0}, {stop_event_, POLLIN, 0}};
    ::poll(fds, 2, -1);
    if (fds[1].revents != 0) return;
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (socket < 0) continue;
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    std::size_t number;
    {
      const std::lock_guard lock(mutex_);
      number = ++connections_;
    }
    changed_.notify_all();
    connection_threads_.emplace_back([this, socket, number] { serve(socket, number); });
  }
}

void HttpServer::serve(int socket, std::size_t number) {
  ServerStream stream(socket, stop_event_, tls_ ? tls_->context.get() : nullptr, received_bytes_);
  std::string buffer;
  ReceivedRequest request;
  while (!stream.ended() && read_request(stream, buffer, request)) {
    request.connection = number;
    request.client = stream.client();
    request.resumed = stream.resumed();
    {
      const std::lock_guard lock(mutex_);
      requests_.push_back(request);
    }
    changed_.notify_all();
    Exchange exchange(stream, request);
    handler_(exchange);
  }
}

}  // namespace hookline::fakes
