// Who is calling: each request shows its own client certificate, and no connection that was dialled
// under another one or under another policy carries it.

#include <openssl/ssl.h>

#include "catch.hpp"
#include "send/connection_owners.hpp"
#include "send/tls_fixture.hpp"

using namespace hookline;
using detail::ConnectionOwner;
using detail::ConnectionOwners;
using fakes::Certificate;
using fakes::CertificateOptions;
using fakes::ClientCertificates;
using fakes::HttpServer;
using fakes::HttpServerOptions;

namespace {

using Identity = std::shared_ptr<const ClientCertificate>;

/// Whom the receivers of these tests trust.
const Certificate& client_authority() {
  static const Certificate made = Certificate::create({});
  return made;
}

Certificate client_certificate(const std::string& owner,
                               const Certificate& issuer = client_authority()) {
  CertificateOptions options;
  options.owner = owner;
  options.issuer = &issuer;
  return Certificate::make(options);
}

Identity identity_of(const Certificate& pair) {
  return std::make_shared<const ClientCertificate>(
      ClientCertificate{pair.certificate_pem, Secret(pair.key_pem)});
}

HttpServerOptions asking(ClientCertificates clients, int tls_version = 0) {
  HttpServerOptions options = with_tls();
  options.clients = clients;
  options.client_authority = client_authority().certificate_pem;
  options.tls_version = tls_version;
  return options;
}

HttpRequest request_as(const HttpServer& server, Identity identity) {
  HttpRequest request = request_to(server.url());
  request.client_certificate = std::move(identity);
  return request;
}

std::vector<std::string> clients_seen_by(const HttpServer& server) {
  std::vector<std::string> clients;
  for (const auto& request : server.requests()) clients.push_back(request.client);
  return clients;
}

std::vector<std::size_t> connections_of(const HttpServer& server) {
  std::vector<std::size_t> connections;
  for (const auto& request : server.requests()) connections.push_back(request.connection);
  return connections;
}

}  // namespace

TEST_CASE("A client certificate that the receiver asks for is shown") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const HttpServer server(&answer_200, asking(ClientCertificates::required, version));
  const auto transport = trusting_transport();
  const auto identity = identity_of(client_certificate("crm"));
  CHECK(outcome(deliver(*transport, request_as(server, identity))) == "200");
  CHECK(outcome(deliver(*transport, request_as(server, identity))) == "200");
  CHECK(clients_seen_by(server) == std::vector<std::string>{"crm", "crm"});
  CHECK(server.connections() == 1);
}

TEST_CASE("A chain is shown as a whole") {
  const Certificate between = client_certificate("between");
  Certificate leaf = client_certificate("leaf", between);
  leaf.certificate_pem += between.certificate_pem;
  const HttpServer server(&answer_200, asking(ClientCertificates::required));
  const auto transport = trusting_transport();
  CHECK(outcome(deliver(*transport, request_as(server, identity_of(leaf)))) == "200");
  CHECK(clients_seen_by(server) == std::vector<std::string>{"leaf"});
}

TEST_CASE(
    "A receiver that wants a client certificate and gets none, or a wrong one, is a failure") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const Certificate stranger = Certificate::create({});
  Identity identity;
  SECTION("none") {}
  SECTION("of another authority") { identity = identity_of(client_certificate("crm", stranger)); }
  const HttpServer server(&answer_200, asking(ClientCertificates::required, version));
  const auto transport = trusting_transport();
  const HttpResult result = deliver(*transport, request_as(server, identity));
  REQUIRE_FALSE(result);
  INFO(result.error().message);
  // The receiver's last word can get lost when it ends the connection.
  const std::string seen = outcome(result);
  CHECK((seen == "tls" || seen == "connect" || seen == "connection"));
  CHECK_FALSE(result.error().permanent);
  CHECK(server.request_count() == 0);
}

TEST_CASE("A client certificate that cannot be used fails, asks nobody and shows no key") {
  const Certificate crm = client_certificate("crm");
  ClientCertificate unusable{crm.certificate_pem, Secret(crm.key_pem)};
  SECTION("the key of another") { unusable.key = Secret(client_certificate("x").key_pem); }
  SECTION("a key with a pass phrase") { unusable.key = Secret(fakes::encrypted(crm.key_pem)); }
  SECTION("no key") { unusable.key = Secret(); }
  SECTION("no certificate") { unusable.certificate = "text"; }
  const HttpServer server(&answer_200, asking(ClientCertificates::asked_for));
  const auto transport = trusting_transport();
  const auto identity = std::make_shared<const ClientCertificate>(unusable);
  const HttpResult result = deliver(*transport, request_as(server, identity));
  REQUIRE(outcome(result) == "tls");
  CHECK(result.error().message.find("BEGIN") == std::string::npos);
  CHECK(server.request_count() == 0);
}

TEST_CASE("Each request shows its own identity, on a connection of its own") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const HttpServer server(&answer_200, asking(ClientCertificates::asked_for, version));
  const auto transport = trusting_transport();
  const auto crm = identity_of(client_certificate("crm"));
  const auto billing = identity_of(client_certificate("billing"));
  for (const Identity& identity : {crm, Identity(), billing, crm, Identity(), billing, crm}) {
    REQUIRE(outcome(deliver(*transport, request_as(server, identity))) == "200");
  }
  CHECK(clients_seen_by(server) ==
        std::vector<std::string>{"crm", "", "billing", "crm", "", "billing", "crm"});
  CHECK(connections_of(server) == std::vector<std::size_t>{1, 2, 3, 1, 2, 3, 1});
}

TEST_CASE("Requests of several identities at the same time do not mix") {
  const HttpServer server(&answer_200, asking(ClientCertificates::asked_for));
  const auto transport = trusting_transport();
  const std::map<std::string, Identity> identities = {
      {"crm", identity_of(client_certificate("crm"))},
      {"billing", identity_of(client_certificate("billing"))},
      {"", nullptr}};
  Completions completions;
  for (int i = 0; i < 30; ++i) {
    for (const auto& [name, identity] : identities) {
      HttpRequest request = request_as(server, identity);
      request.headers.push_back({"x-name", name});
      transport->send(request, completions.next());
    }
  }
  REQUIRE(completions.wait_for(90));
  CHECK(completions.outcomes() == std::map<std::string, std::size_t>{{"200", 90}});
  for (const auto& request : server.requests()) CHECK(request.client == request.header("x-name"));
}

TEST_CASE("A session is not resumed where a client certificate was shown, and is where none was") {
  const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
  const HttpServer server(
      [](fakes::Exchange& exchange) {
        exchange.respond(200);
        exchange.close();
      },
      asking(ClientCertificates::asked_for, version));
  const auto transport = trusting_transport();
  const auto crm = identity_of(client_certificate("crm"));
  for (const Identity& identity : {crm, Identity(), Identity(), crm, crm, Identity()}) {
    REQUIRE(outcome(deliver(*transport, request_as(server, identity))) == "200");
  }
  CHECK(clients_seen_by(server) == std::vector<std::string>{"crm", "", "", "crm", "crm", ""});
  for (const auto& request : server.requests()) {
    CHECK(request.resumed == (request.client.empty() && request.connection != 2));
  }
}

// CVE-2026-8932: libcurl compares the certificates of kept connections and not their keys.
TEST_CASE("A key that is not the certificate's opens no connection that the right one has opened") {
  const HttpServer server(&answer_200, asking(ClientCertificates::asked_for));
  const auto transport = trusting_transport();
  const Certificate crm = client_certificate("crm");
  REQUIRE(outcome(deliver(*transport, request_as(server, identity_of(crm)))) == "200");
  Certificate forged = crm;
  forged.key_pem = client_certificate("other").key_pem;
  CHECK(outcome(deliver(*transport, request_as(server, identity_of(forged)))) == "tls");
  CHECK(server.request_count() == 1);
}

TEST_CASE("A connection that was dialled under another policy is not used, though both allow it") {
  const HttpServerOptions options = GENERATE(HttpServerOptions(), with_tls());
  const HttpServer server(&answer_200, options);
  const auto transport = trusting_transport();
  const AddressPolicy wide = policy_for({"127.0.0.0/8"});
  const AddressPolicy narrow = policy_for({"127.0.0.1/32"});
  REQUIRE(outcome(deliver(*transport, request_to(server.url(), wide))) == "200");
  REQUIRE(outcome(deliver(*transport, request_to(server.url(), narrow))) == "200");
  REQUIRE(outcome(deliver(*transport, request_to(server.url(), policy_for({"127.0.0.1/32"})))) ==
          "200");
  CHECK(connections_of(server) == std::vector<std::size_t>{1, 2, 2});
}

TEST_CASE("Policies are equal if they were made from the same options") {
  CHECK(AddressPolicy() == AddressPolicy());
  CHECK(policy_for({"10.0.0.0/8"}) == policy_for({"10.0.0.0/8"}));
  CHECK(policy_for({"10.0.0.0/8"}) != policy_for({"10.0.0.0/9"}));
  CHECK(policy_for({}) != AddressPolicy());
  AddressPolicyOptions options;
  options.allow_http = true;
  options.allow_ports = {22};
  CHECK(AddressPolicy::create(options).value() != policy_for({}));
  options.allow_ports = {};
  options.allow_names = {"a.internal"};
  CHECK(AddressPolicy::create(options).value() != policy_for({}));
}

TEST_CASE("A connection belongs to whom it was dialled for last, and to nobody when forgotten") {
  const ConnectionOwner a{AddressPolicy(), "a"};
  const ConnectionOwner b{AddressPolicy(), "b"};
  ConnectionOwners owners(3);
  CHECK_FALSE(owners.belongs_to("1", a));
  owners.dialled("1", a);
  CHECK(owners.belongs_to("1", a));
  CHECK_FALSE(owners.belongs_to("1", b));
  owners.dialled("1", b);
  CHECK(owners.belongs_to("1", b));
  owners.dialled("2", a);
  owners.dialled("3", a);  // the first "1" is forgotten, and not the second
  CHECK(owners.belongs_to("1", b));
  owners.dialled("4", a);
  CHECK_FALSE(owners.belongs_to("1", b));
}
