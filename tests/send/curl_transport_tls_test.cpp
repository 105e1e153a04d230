// TLS: which servers are trusted, and what is not written down.

#include <openssl/ssl.h>

#include <cstdlib>

#include "catch.hpp"
#include "send/setopt.hpp"
#include "send/tls_fixture.hpp"

using namespace hookline;
using fakes::Certificate;
using fakes::CertificateOptions;
using fakes::HttpServer;
using fakes::HttpServerOptions;
using std::chrono::hours;

namespace {

/// Asserts that a server with this certificate gets no request from one who trusts `authority()`.
void check_refused(const HttpServerOptions& options) {
  const HttpServer server(&answer_200, options);
  const auto transport = trusting_transport();
  const HttpResult result = deliver(*transport, request_to(server.url("/?token=secret")));
  REQUIRE(outcome(result) == "tls");
  INFO(result.error().message);
  CHECK_FALSE(result.error().permanent);
  CHECK(result.error().message.find("secret") == std::string::npos);
  CHECK(server.request_count() == 0);
}

}  // namespace

TEST_CASE("A certificate of an authority that is trusted is accepted, and the connection kept") {
  const HttpServer server(&answer_200, with_tls());
  const auto transport = trusting_transport();
  CHECK(outcome(deliver(*transport, request_to(server.url()))) == "200");
  CHECK(outcome(deliver(*transport, request_to(server.url()))) == "200");
  CHECK(server.connections() == 1);
  CHECK(server.requests().at(0).version == "HTTP/1.1");
}

TEST_CASE("Authorities come from a file, a directory or a text") {
  const ScratchDirectory scratch;
  const std::string& pem = authority().certificate_pem;
  CurlTransportOptions options;
  SECTION("file") { options.ca_file = scratch.file("ca.pem", pem); }
  SECTION("directory") {
    scratch.file(fakes::hashed_name(authority()), pem);
    options.ca_directory = scratch.path().string();
  }
  SECTION("text") { options.ca_pem = pem; }
  SECTION("text with several") { options.ca_pem = Certificate::create({}).certificate_pem + pem; }
  const HttpServer server(&answer_200, with_tls());
  const auto transport = make_transport(options);
  CHECK(outcome(deliver(*transport, request_to(server.url()))) == "200");
}

TEST_CASE("An authority that is not among those named is refused, in each of the three forms") {
  const ScratchDirectory scratch;
  const Certificate other = Certificate::create({});
  CurlTransportOptions options;
  SECTION("file") { options.ca_file = scratch.file("ca.pem", other.certificate_pem); }
  SECTION("directory") {
    scratch.file(fakes::hashed_name(other), other.certificate_pem);
    options.ca_directory = scratch.path().string();
  }
  SECTION("text") { options.ca_pem = other.certificate_pem; }
  const HttpServer server(&answer_200, with_tls());
  const auto transport = make_transport(options);
  CHECK(outcome(deliver(*transport, request_to(server.url()))) == "tls");
  CHECK(server.request_count() == 0);
}

TEST_CASE("Authorities that cannot be used are refused with the option's name") {
  const ScratchDirectory scratch;
  const std::string& pem = authority().certificate_pem;
  const std::string file = scratch.file("ca.pem", pem);
  const std::string directory = scratch.path().string();
  CurlTransportOptions options;
  std::string named;
  SECTION("file and directory") {
    options.ca_file = file, options.ca_directory = directory, named = "ca_directory: ";
  }
  SECTION("file and text") { options.ca_file = file, options.ca_pem = pem, named = "ca_pem: "; }
  SECTION("directory and text") {
    options.ca_directory = directory, options.ca_pem = pem, named = "ca_pem: ";
  }
  SECTION("no such directory") { options.ca_directory = "/nowhere", named = "ca_directory: "; }
  SECTION("a file for a directory") { options.ca_directory = file, named = "ca_directory: "; }
  SECTION("not PEM") { options.ca_pem = "secret", named = "ca_pem: "; }
  SECTION("half of it") { options.ca_pem = pem.substr(0, pem.size() / 2), named = "ca_pem: "; }
  SECTION("a key among it") { options.ca_pem = pem + authority().key_pem, named = "ca_pem: "; }
  const auto transport = CurlTransport::create(options);
  REQUIRE_FALSE(transport);
  CHECK(transport.error().code == ErrorCode::invalid_options);
  CHECK(transport.error().message.find(named) == 0);
}

TEST_CASE("A certificate of an unknown authority is refused") {
  const Certificate stranger = Certificate::create({});
  CertificateOptions certificate = good_certificate();
  certificate.issuer = &stranger;
  check_refused(with_tls(certificate));
}

TEST_CASE("A certificate that nobody but itself vouches for is refused") {
  CertificateOptions certificate = good_certificate();
  certificate.issuer = nullptr;
  check_refused(with_tls(certificate));
}

TEST_CASE("A certificate for another name is refused") {
  CertificateOptions certificate = good_certificate();
  SECTION("with alternative names, where the common name is none (RFC 6125, 6.4.4)") {
    certificate.names = {"other.example", "127.0.0.2"};
    certificate.owner = "127.0.0.1";
  }
  SECTION("without them") {
    certificate.names = {};
    certificate.owner = "127.0.0.2";
  }
  check_refused(with_tls(certificate));
}

TEST_CASE("A name is looked for in the certificate as it stands in the URL, not as an address") {
  CertificateOptions certificate = good_certificate();
  certificate.names = {"receiver.example"};
  const HttpServer server(&answer_200, with_tls(certificate));
  const std::string port = std::to_string(server.port());
  CurlTransportOptions options;
  options.resolve = {"receiver.example:" + port + ":127.0.0.1",
                     "other.example:" + port + ":127.0.0.1"};
  const auto transport = trusting_transport(options);
  CHECK(outcome(deliver(*transport, request_to("https://receiver.example:" + port))) == "200");
  CHECK(outcome(deliver(*transport, request_to("https://other.example:" + port))) == "tls");
  CHECK(server.request_count() == 1);
}

TEST_CASE("A certificate that is out of date is refused") {
  CertificateOptions certificate = good_certificate();
  SECTION("expired") { certificate.valid_from = -hours(48), certificate.valid_until = -hours(24); }
  SECTION("not yet valid") {
    certificate.valid_from = hours(24), certificate.valid_until = hours(48);
  }
  check_refused(with_tls(certificate));
}

TEST_CASE("A receiver that speaks TLS 1.2 is reached") {
  HttpServerOptions options = with_tls();
  options.tls_version = TLS1_2_VERSION;
  const HttpServer server(&answer_200, options);
  const auto transport = trusting_transport();
  CHECK(outcome(deliver(*transport, request_to(server.url()))) == "200");
}

TEST_CASE("A receiver that speaks TLS 1.1 alone is refused") {
  // OpenSSL's own security level would refuse it too: the transport must not rest on that.
  const test::Replaced ciphers(CURLOPT_KEYPASSWD, [](CURL* easy, void*) {
    char all[] = "DEFAULT:@SECLEVEL=0";
    return test::real_setopt(easy, CURLOPT_SSL_CIPHER_LIST, static_cast<void*>(all));
  });
  HttpServerOptions options = with_tls();
  options.tls_version = GENERATE(TLS1_1_VERSION, TLS1_VERSION);
  check_refused(options);
}

TEST_CASE("A handshake that never ends is a timeout of the connection") {
  const HttpServer silent;  // waits for the end of what it takes for a header section
  const auto transport = trusting_transport();
  HttpRequest request = request_to("https" + silent.url().substr(4));
  request.connect_timeout = std::chrono::milliseconds(300);
  const auto start = std::chrono::steady_clock::now();
  CHECK(outcome(deliver(*transport, request)) == "timeout");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(3));
}

TEST_CASE("What a stranger has written into a certificate is shown escaped") {
  CertificateOptions certificate = good_certificate();
  certificate.names = {};
  certificate.owner = "\x1b[31m\xe2\x80\xae evil\r\n";
  const HttpServer server(&answer_200, with_tls(certificate));
  const auto transport = trusting_transport();
  const HttpResult result = deliver(*transport, request_to(server.url()));
  REQUIRE(outcome(result) == "tls");
  CHECK(result.error().message.find("evil") != std::string::npos);
  for (const char* raw : {"\x1b", "\xe2\x80\xae", "\r", "\n"}) {
    CHECK(result.error().message.find(raw) == std::string::npos);
  }
}

TEST_CASE("The secrets of a connection are not written to SSLKEYLOGFILE") {
  // libcurl reads the variable once in a process, so the deliveries happen in another one.
  const ScratchDirectory scratch;
  const auto log = scratch.path() / "keys.log";
  const std::string program = std::filesystem::read_symlink("/proc/self/exe").string();
  const std::string command = "SSLKEYLOGFILE='" + log.string() + "' '" + program +
                              "' 'A certificate of an authority that is trusted*' >/dev/null";
  CHECK(std::system(command.c_str()) == 0);
  CHECK((!std::filesystem::exists(log) || std::filesystem::file_size(log) == 0));
}
