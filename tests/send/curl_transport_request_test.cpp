// What goes out: the bytes on the wire, the connection they take, and nothing from the environment.

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "catch.hpp"
#include "send/tls_fixture.hpp"

using namespace hookline;
using fakes::Exchange;
using fakes::HttpServer;
using fakes::HttpServerOptions;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

namespace {

/// An environment variable for the time of a test.
class ScopedVariable {
 public:
  ScopedVariable(std::string name, const std::string& value) : name_(std::move(name)) {
    if (const char* before = std::getenv(name_.c_str())) before_ = before;
    ::setenv(name_.c_str(), value.c_str(), 1);
  }
  ScopedVariable(const ScopedVariable&) = delete;
  ScopedVariable& operator=(const ScopedVariable&) = delete;
  ~ScopedVariable() {
    if (before_) {
      ::setenv(name_.c_str(), before_->c_str(), 1);
    } else {
      ::unsetenv(name_.c_str());
    }
  }

 private:
  std::string name_;
  std::optional<std::string> before_;
};

}  // namespace

TEST_CASE("The request goes out with host, the given headers in order and content-length") {
  const HttpServer server;
  const auto transport = make_transport();
  HttpRequest request = request_to(server.url("/hook?a=b%20c#part"));
  request.headers = {{"content-type", "application/json"},
                     {"user-agent", "hookline/0.1.0"},
                     {"webhook-id", "msg_1"},
                     {"X-Empty", ""},
                     {"x-blank", "  "},
                     {"X-Odd", "a;b: c"}};
  request.body = std::make_shared<const std::string>("{\"event\":\"import_completed\"}");
  REQUIRE(outcome(deliver(*transport, request)) == "200");

  const auto received = server.requests().at(0);
  CHECK(received.head ==
        "POST /hook?a=b%20c HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
            "\r\ncontent-type: application/json\r\nuser-agent: hookline/0.1.0\r\n"
            "webhook-id: msg_1\r\nX-Empty:\r\nx-blank:\r\nX-Odd: a;b: c\r\n"
            "Content-Length: 28\r\n\r\n");
  CHECK(received.body == *request.body);
}

TEST_CASE("Nothing is added to a request without headers") {
  const HttpServer server;
  const auto transport = make_transport();
  HttpRequest request = request_to(server.url());
  request.headers.clear();
  REQUIRE(outcome(deliver(*transport, request)) == "200");
  CHECK(server.requests().at(0).header_lines.size() == 2);
}

TEST_CASE("A large body goes out at once, as it is") {
  const HttpServer server;
  const auto transport = make_transport();
  HttpRequest request = request_to(server.url());
  std::string body(2 * 1024 * 1024, 'x');
  body[1000] = '\0';
  request.body = std::make_shared<const std::string>(std::move(body));
  REQUIRE(outcome(deliver(*transport, request)) == "200");
  const auto received = server.requests().at(0);
  CHECK(received.header("expect").empty());
  CHECK((received.body == *request.body));
}

TEST_CASE("An empty body is sent as one") {
  const HttpServer server;
  const auto transport = make_transport();
  HttpRequest request = request_to(server.url());
  request.body = std::make_shared<const std::string>();
  REQUIRE(outcome(deliver(*transport, request)) == "200");
  CHECK(server.requests().at(0).header("content-length") == "0");
}

TEST_CASE("A header that would break the request is not sent") {
  const HttpHeader header =
      GENERATE(HttpHeader{"x", "a\r\nhost: b"}, HttpHeader{"x", std::string("a\0b", 3)},
               HttpHeader{"x y", "a"}, HttpHeader{"", "a"}, HttpHeader{"x:", "a"},
               HttpHeader{"content-length", "3"}, HttpHeader{"Transfer-Encoding", "chunked"});
  const HttpServer server;
  const auto transport = make_transport();
  HttpRequest request = request_to(server.url());
  request.headers.push_back(header);
  const HttpResult result = deliver(*transport, request);
  REQUIRE(outcome(result) == "internal");
  CHECK(result.error().message.find('\n') == std::string::npos);
  CHECK(server.connections() == 0);
}

TEST_CASE("Requests one after the other share a connection, and nothing of one shows in the next") {
  const HttpServer server;
  const auto transport = make_transport();
  HttpRequest first = request_to(server.url("/1"));
  first.headers.push_back({"x-secret", "1"});
  REQUIRE(outcome(deliver(*transport, first)) == "200");
  REQUIRE(outcome(deliver(*transport, request_to(server.url("/2")))) == "200");
  REQUIRE(outcome(deliver(*transport, request_to(server.url("/3")))) == "200");
  CHECK(server.connections() == 1);
  CHECK(server.requests().at(1).header("x-secret").empty());
}

TEST_CASE("A kept connection that the receiver has closed is replaced") {
  const HttpServer server([](Exchange& exchange) {
    exchange.respond(200);
    exchange.close();
  });
  const auto transport = make_transport();
  for (int i = 0; i < 5; ++i)
    CHECK(outcome(deliver(*transport, request_to(server.url()))) == "200");
  CHECK(server.connections() == 5);
}

TEST_CASE("A connection over its age is not used again") {
  const HttpServer server;
  CurlTransportOptions options;
  options.max_connection_age = seconds(1);
  const auto transport = make_transport(options);
  REQUIRE(outcome(deliver(*transport, request_to(server.url()))) == "200");
  std::this_thread::sleep_for(milliseconds(2100));  // libcurl counts whole seconds
  REQUIRE(outcome(deliver(*transport, request_to(server.url()))) == "200");
  CHECK(server.connections() == 2);
}

TEST_CASE("No connection is kept when none may be idle") {
  const HttpServer server;
  CurlTransportOptions options;
  options.max_idle_connections = 0;
  const auto transport = make_transport(options);
  REQUIRE(outcome(deliver(*transport, request_to(server.url()))) == "200");
  REQUIRE(outcome(deliver(*transport, request_to(server.url()))) == "200");
  CHECK(server.connections() == 2);
}

TEST_CASE("Proxies named in the environment are not used") {
  const std::string name =
      GENERATE("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY");
  const std::string scheme = GENERATE("http", "socks5h");
  const bool tls = GENERATE(false, true);
  CAPTURE(name, scheme, tls);
  const HttpServer proxy;
  const HttpServer server(&answer_200, tls ? with_tls() : HttpServerOptions());
  const ScopedVariable variable(name, scheme + proxy.url("").substr(4));
  const ScopedVariable exceptions("no_proxy", "");
  const auto transport = trusting_transport();
  HttpRequest request = request_to(server.url());
  request.timeout = seconds(2);
  CHECK(outcome(deliver(*transport, request)) == "200");
  CHECK(server.request_count() == 1);
  CHECK(proxy.connections() == 0);
}

TEST_CASE("Credentials in .netrc are not sent") {
  const auto home =
      std::filesystem::temp_directory_path() / ("hookline_netrc_" + std::to_string(::getpid()));
  std::filesystem::create_directories(home);
  std::ofstream(home / ".netrc") << "default login someone password secret\n";
  {
    const ScopedVariable variable("HOME", home.string());
    const HttpServer server([](Exchange& exchange) {
      exchange.respond(401, "", "www-authenticate: Basic realm=\"x\"\r\n");
    });
    const auto transport = make_transport();
    CHECK(outcome(deliver(*transport, request_to(server.url()))) == "401");
    CHECK(server.request_count() == 1);
    CHECK(server.requests().at(0).header("authorization").empty());
  }
  std::filesystem::remove_all(home);
}

TEST_CASE("Cookies, alternative services and strict transport are forgotten") {
  const HttpServer recorder;
  const HttpServer server(
      [&](Exchange& exchange) {
        exchange.respond(200, "",
                         "set-cookie: a=b; path=/\r\nstrict-transport-security: max-age=3600\r\n"
                         "alt-svc: h1=\":" +
                             std::to_string(recorder.port()) + "\"; ma=3600\r\n");
        exchange.close();
      },
      with_tls());  // elsewhere libcurl would not listen to them anyway
  const auto transport = trusting_transport();
  REQUIRE(outcome(deliver(*transport, request_to(server.url()))) == "200");
  REQUIRE(outcome(deliver(*transport, request_to(server.url()))) == "200");
  CHECK(server.requests().at(1).header("cookie").empty());
  CHECK(recorder.connections() == 0);
}

TEST_CASE("Options that cannot be used are refused with their name") {
  CurlTransportOptions options;
  std::string named;
  SECTION("no look-up") { options.max_lookups = 0, named = "max_lookups"; }
  SECTION("no age") { options.max_connection_age = seconds(0), named = "max_connection_age"; }
  SECTION("no such file") { options.ca_file = "/nowhere/ca.pem", named = "ca_file"; }
  SECTION("not an entry") { options.resolve = {"name"}, named = "resolve"; }
  const auto transport = CurlTransport::create(options);
  REQUIRE_FALSE(transport);
  CHECK(transport.error().code == ErrorCode::invalid_options);
  CHECK(transport.error().message.find(named) == 0);
}
