#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "fakes/certificate.hpp"

namespace hookline::fakes {

/// A request as it came in.
struct ReceivedRequest {
  std::size_t connection = 0;  ///< 1 for the first connection that was accepted
  std::string method;
  std::string target;
  std::string version;
  std::vector<std::string> header_lines;  ///< in order, without the line ends
  std::string body;
  std::string head;  ///< the bytes up to and with the empty line

  std::string client;    ///< the common name in the client's certificate, or an empty text
  bool resumed = false;  ///< the TLS session is that of an earlier connection

  /// The value of the first header with this name (any case), or an empty text.
  [[nodiscard]] std::string header(std::string_view name) const;
};

class ServerStream;

/// The answer to one request, written byte by byte as a test wants it. What returns false does so
/// because the client is gone or the server stops: the handler should return then.
class Exchange {
 public:
  Exchange(ServerStream& stream, const ReceivedRequest& request);

  [[nodiscard]] const ReceivedRequest& request() const { return request_; }

  /// Sends exactly these bytes.
  bool write(std::string_view bytes);
  /// A whole answer with `content-length`. `headers` are lines that end in CRLF.
  bool respond(int status, std::string_view body = "", std::string_view headers = "");
  /// Sends the bytes one by one with a pause before each.
  bool drip(std::string_view bytes, std::chrono::milliseconds pause);
  /// Does nothing for a while, but notices that the client or the server goes.
  bool pause(std::chrono::milliseconds time);
  /// Says nothing more until the client or the server goes.
  void hang();
  /// Ends the connection after the handler; without it the next request is read from it.
  void close();
  /// Ends the connection with a TCP reset, what was written before included.
  void reset();

 private:
  ServerStream& stream_;
  const ReceivedRequest& request_;
};

/// Whether a server asks for a certificate of the client.
enum class ClientCertificates { not_asked_for, asked_for, required };

struct HttpServerOptions {
  std::string address = "127.0.0.1";       ///< IPv4 or IPv6, without brackets
  std::uint16_t port = 0;                  ///< 0: one that is free
  std::shared_ptr<const Certificate> tls;  ///< null: plain http
  int tls_version = 0;                     ///< the only one it speaks; 0: 1.2 and 1.3
  ClientCertificates clients = ClientCertificates::not_asked_for;
  std::string client_authority;  ///< PEM: who vouches for clients
};

/// A real HTTP/1.1 server on loopback for tests, with misbehaviour on request:
///
///     HttpServer server([](Exchange& exchange) { exchange.respond(503, "later"); });
///     transport->send(request_to(server.url("/hook")), …);
///     REQUIRE(server.wait_for_requests(1));
///     CHECK(server.requests()[0].body == "{}");
///
/// The handler runs on a thread of its connection, so many run at once. Requests are recorded
/// before their handler is called. Everything can be called from any thread. The destructor ends
/// all connections, hanging handlers included, and waits for the threads.
class HttpServer {
 public:
  using Handler = std::function<void(Exchange&)>;

  /// Answers 200 to everything.
  HttpServer();
  explicit HttpServer(Handler handler, const HttpServerOptions& options = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view target = "/") const;

  /// How many connections were accepted, those that sent nothing included.
  [[nodiscard]] std::size_t connections() const;
  /// How many bytes came in, whatever they were (before decryption).
  [[nodiscard]] std::size_t received_bytes() const;
  [[nodiscard]] std::size_t request_count() const;
  [[nodiscard]] std::vector<ReceivedRequest> requests() const;

  /// Wait until at least so many were seen; false if the time passed first.
  [[nodiscard]] bool wait_for_requests(
      std::size_t count, std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;
  [[nodiscard]] bool wait_for_connections(
      std::size_t count, std::chrono::milliseconds timeout = std::chrono::seconds(10)) const;

 private:
  void accept_connections();
  void serve(int socket, std::size_t number);

  struct TlsContext;
  const Handler handler_;
  const HttpServerOptions options_;
  std::unique_ptr<TlsContext> tls_;
  int listener_ = -1;
  int stop_event_ = -1;  ///< readable once the server stops
  std::uint16_t port_ = 0;

  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<ReceivedRequest> requests_;
  std::size_t connections_ = 0;
  std::atomic<std::size_t> received_bytes_{0};
  std::vector<std::thread> connection_threads_;  ///< touched by the accepting thread alone
  std::thread accepting_;
};

}  // namespace hookline::fakes
