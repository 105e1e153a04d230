// TLS: who is trusted, and what is not written down.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "send/curl_transport_fixture.hpp"

using namespace hookline;
using fakes::HttpServer;
using fakes::HttpServerOptions;
using fakes::ServerCertificate;

namespace {

/// A server with a certificate for these names, and the file that makes it trusted.
class TlsServer {
 public:
  explicit TlsServer(const std::vector<std::string>& names)
      : ca_file_(std::filesystem::temp_directory_path() /
                 ("hookline_ca_" + std::to_string(::getpid()) + ".pem")) {
    HttpServerOptions options;
    options.tls = std::make_shared<const ServerCertificate>(ServerCertificate::create(names));
    std::ofstream(ca_file_) << options.tls->certificate_pem;
    server_ = std::make_unique<HttpServer>([](fakes::Exchange& exchange) { exchange.respond(200); },
                                           options);
  }
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;
  ~TlsServer() { std::filesystem::remove(ca_file_); }

  [[nodiscard]] const HttpServer& server() const { return *server_; }
  [[nodiscard]] std::unique_ptr<CurlTransport> trusting_transport() const {
    CurlTransportOptions options;
    options.ca_file = ca_file_.string();
    return make_transport(options);
  }

 private:
  std::filesystem::path ca_file_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace

TEST_CASE("A certificate of an authority that is trusted is accepted, and the connection kept") {
  const TlsServer tls({"127.0.0.1"});
  const auto transport = tls.trusting_transport();
  CHECK(outcome(deliver(*transport, request_to(tls.server().url()))) == "200");
  CHECK(outcome(deliver(*transport, request_to(tls.server().url()))) == "200");
  CHECK(tls.server().connections() == 1);
  CHECK(tls.server().requests().at(0).version == "HTTP/1.1");
}

TEST_CASE("A certificate of an unknown authority is refused") {
  const TlsServer tls({"127.0.0.1"});
  const auto transport = make_transport();
  CHECK(outcome(deliver(*transport, request_to(tls.server().url()))) == "tls");
  CHECK(tls.server().request_count() == 0);
}

TEST_CASE("A certificate for another name is refused") {
  const TlsServer tls({"other.example", "127.0.0.2"});
  const auto transport = tls.trusting_transport();
  CHECK(outcome(deliver(*transport, request_to(tls.server().url()))) == "tls");
  CHECK(tls.server().request_count() == 0);
}

TEST_CASE("The secrets of a connection are not written to SSLKEYLOGFILE") {
  // libcurl reads the variable once in a process, so the deliveries happen in another one.
  const auto log = std::filesystem::temp_directory_path() /
                   ("hookline_keys_" + std::to_string(::getpid()) + ".log");
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = "SSLKEYLOGFILE='" + log.string() + "' '" + program +
                              "' 'A certificate of an authority that is trusted*' >/dev/null";
  CHECK(std::system(command.c_str()) == 0);
  CHECK((!std::filesystem::exists(log) || std::filesystem::file_size(log) == 0));
  std::filesystem::remove(log);
}
