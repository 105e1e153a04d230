// No byte and no connection to an address that the policy of the request refuses.

#include "catch.hpp"
#include "send/curl_transport_fixture.hpp"

using namespace hookline;
using fakes::HttpServer;
using fakes::HttpServerOptions;

namespace {

/// A name with fixed addresses in place of DNS.
struct Named {
  Named(const HttpServer& server, const std::string& addresses)
      : url("http://receiver.example:" + std::to_string(server.port()) + "/hook?token=secret") {
    CurlTransportOptions options;
    options.resolve = {"receiver.example:" + std::to_string(server.port()) + ":" + addresses};
    transport = make_transport(options);
  }
  std::string url;
  std::unique_ptr<CurlTransport> transport;
};

}  // namespace

TEST_CASE("A URL that the policy refuses is a permanent failure without a connection") {
  const HttpServer recorder;
  const std::string port = std::to_string(recorder.port());
  const std::string url =
      GENERATE_COPY("http://127.0.0.1:" + port + "/?token=secret", "http://localhost:" + port + "/",
                    "http://[::ffff:127.0.0.1]:" + port + "/", "http://0x7f.1:" + port + "/",
                    "http://user:secret@127.0.0.1:" + port + "/", std::string("ftp://example.com/"),
                    std::string("not a url"), std::string("/hook"), std::string());
  const auto transport = make_transport();
  const HttpResult result = deliver(*transport, request_to(url, policy_for({})));
  REQUIRE(outcome(result) == "policy");
  CHECK(result.error().permanent);
  CHECK(result.error().message.find("secret") == std::string::npos);
  CHECK(recorder.connections() == 0);
}

TEST_CASE("Plain http is refused unless the policy allows it") {
  const HttpServer recorder;
  const auto transport = make_transport();
  const HttpResult result = deliver(*transport, request_to(recorder.url(), AddressPolicy()));
  REQUIRE(outcome(result) == "policy");
  CHECK(result.error().permanent);
  CHECK(recorder.connections() == 0);
}

TEST_CASE("A name that resolves to a refused address is a failure that may pass") {
  const HttpServer recorder;
  const Named named(recorder, "127.0.0.1");
  const HttpResult result =
      deliver(*named.transport, request_to(named.url, policy_for({"127.0.0.2/32"})));
  REQUIRE(outcome(result) == "policy");
  CHECK_FALSE(result.error().permanent);
  CHECK(result.error().message.find("127.0.0.1") != std::string::npos);
  CHECK(result.error().message.find("secret") == std::string::npos);
  CHECK(recorder.connections() == 0);
}

TEST_CASE("A name that resolves to refused addresses only reaches none of them") {
  const HttpServer recorder;
  const Named named(recorder, "127.0.0.1,[::1],127.0.0.3");
  const HttpResult result =
      deliver(*named.transport, request_to(named.url, policy_for({"127.0.0.2/32"})));
  CHECK(outcome(result) == "policy");
  CHECK(recorder.connections() == 0);
}

TEST_CASE("Among several addresses an allowed one delivers") {
  HttpServerOptions at_two;
  at_two.address = "127.0.0.2";
  const HttpServer server([](fakes::Exchange& exchange) { exchange.respond(200); }, at_two);
  HttpServerOptions at_one;
  at_one.port = server.port();
  const HttpServer recorder([](fakes::Exchange& exchange) { exchange.respond(200); }, at_one);

  const std::string addresses = GENERATE("127.0.0.1,127.0.0.2", "127.0.0.2,127.0.0.1");
  const Named named(server, addresses);
  const HttpResult result =
      deliver(*named.transport, request_to(named.url, policy_for({"127.0.0.2/32"})));
  CHECK(outcome(result) == "200");
  CHECK(server.request_count() == 1);
  CHECK(recorder.connections() == 0);
}

TEST_CASE("A kept connection is not used under a policy that refuses its address") {
  const HttpServer recorder;
  const Named named(recorder, "127.0.0.1");
  REQUIRE(outcome(deliver(*named.transport, request_to(named.url))) == "200");
  const std::size_t bytes = recorder.received_bytes();

  const HttpResult result =
      deliver(*named.transport, request_to(named.url, policy_for({"127.0.0.2/32"})));
  REQUIRE(outcome(result) == "policy");
  CHECK_FALSE(result.error().permanent);
  CHECK(recorder.received_bytes() == bytes);
  CHECK(recorder.connections() == 1);
}

TEST_CASE("IPv6 receivers are reached and checked alike") {
  HttpServerOptions options;
  options.address = "::1";
  std::unique_ptr<HttpServer> server;
  try {
    server = std::make_unique<HttpServer>([](fakes::Exchange& exchange) { exchange.respond(200); },
                                          options);
  } catch (const std::runtime_error&) {
    return;  // a machine without IPv6
  }
  const auto transport = make_transport();
  CHECK(outcome(deliver(*transport, request_to(server->url()))) == "200");
  CHECK(outcome(deliver(*transport, request_to(server->url(), policy_for({"127.0.0.0/8"})))) ==
        "policy");
  CHECK(server->request_count() == 1);
}

TEST_CASE("A port where nobody listens is a failure to connect") {
  std::uint16_t port = 0;
  {
    const HttpServer gone;
    port = gone.port();
  }
  const auto transport = make_transport();
  const HttpResult result = deliver(
      *transport, request_to("http://127.0.0.1:" + std::to_string(port) + "/?token=secret"));
  REQUIRE(outcome(result) == "connect");
  CHECK_FALSE(result.error().permanent);
  CHECK(result.error().message.find("secret") == std::string::npos);
}
