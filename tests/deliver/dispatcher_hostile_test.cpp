// Receivers that mean harm, through the whole of hookline: what they can write into logs and
// records, how long they can put a delivery off, and whom hookline says it is.

#include <functional>
#include <map>
#include <mutex>

#include "catch.hpp"
#include "fakes/certificate.hpp"
#include "fakes/http_server.hpp"
#include "fakes/samples.hpp"
#include "hookline/curl_transport.hpp"

using namespace hookline;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 20s;

/// Everything that the host is told, in one text.
class Told final : public Logger, public Observer {
 public:
  void log(LogLevel, std::string_view message) override { add(message); }
  void on_attempt(const Delivery& delivery, const Attempt& attempt) override {
    add(delivery.error), add(delivery.url), add(attempt.error), add(attempt.url);
  }
  void on_outcome(const Delivery& delivery) override { add(delivery.error), add(delivery.url); }
  void on_webhook_disabled(const Webhook& webhook) override { add(webhook.disabled_reason); }

  [[nodiscard]] std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  void add(std::string_view line) {
    const std::lock_guard lock(mutex_);
    text_ += line;
    text_ += '|';
  }

  mutable std::mutex mutex_;
  std::string text_;
};

/// A dispatcher over a real transport, and all that it tells.
struct HostileBench {
  explicit HostileBench(std::vector<std::chrono::milliseconds> schedule = {0ms, 10ms},
                        CurlTransportOptions transport = {}) {
    DispatcherOptions options;
    options.store = std::make_shared<MemoryStore>();
    options.transport = CurlTransport::create(std::move(transport)).value();
    options.logger = told;
    options.observer = told;
    options.retry_schedule = std::move(schedule);
    options.retry_jitter = 0;
    options.request_timeout = 2s;
    dispatcher = Dispatcher::create(registry, options).value();
  }

  /// All that was told and stands on record of the deliveries until now.
  std::string everything() {
    std::string text = dispatcher->metrics().value();
    const auto page = dispatcher->deliveries().value();
    for (const Delivery& delivery : page.deliveries) {
      text += delivery.error + '|' + delivery.url + '|';
      const auto attempts = dispatcher->attempts(delivery.id).value();
      for (const Attempt& attempt : attempts) {
        text += attempt.error + '|' + attempt.url + '|';
      }
    }
    dispatcher->shutdown(1s);
    return text + told->text();
  }

  std::shared_ptr<Told> told = std::make_shared<Told>();
  WebhookRegistry registry{loopback_policy()};
  std::unique_ptr<Dispatcher> dispatcher;
};

constexpr const char* kEvil = "evil \x1b[31m \xe2\x80\xae \x07 \xff \x9b";

/// Neither what moves a terminal nor what turns text around, nor a line of the receiver's own.
void check_printable(const std::string& text) {
  for (const char* raw : {"\x1b", "\xe2\x80\xae", "\x07", "\xff", "\x9b", "\r"}) {
    CAPTURE(raw);
    CHECK(text.find(raw) == std::string::npos);
  }
  CHECK(text.find("\nforged") == std::string::npos);
}

}  // namespace

TEST_CASE("Nothing that a receiver writes reaches a log line or an error as it came") {
  const std::string evil = kEvil;
  const std::string answer = GENERATE_COPY(
      "HTTP/1.1 500 " + evil + "\r\nx-evil: " + evil + "\r\ncontent-length: 9\r\n\r\n\nforged\r\n",
      "HTTP/1.1 410 " + evil + "\r\ncontent-length: 0\r\n\r\n",
      "HTTP/1.1 307 " + evil + "\r\nlocation: http://" + evil + "/\r\ncontent-length: 0\r\n\r\n",
      "HTTP/1.1 503 No\r\nretry-after: " + evil + "\r\ncontent-length: 0\r\n\r\n",
      "-ERR " + evil + "\r\n\nforged", "HTTP/1.1 " + evil + "\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: " + evil + "\r\n\r\n",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: " + evil + "\r\n\r\n",
      "HTTP/1.1 200 OK\r\n" + evil + "\r\n\r\n", "HTTP/1.1 200 OK\r\n\nforged: x\r\n\r\n");
  const HttpServer server([&](Exchange& exchange) {
    exchange.write(answer);
    exchange.close();
  });
  HostileBench bench;
  REQUIRE(bench.registry.add(webhook_to(server.url("/hook"))));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(bench.dispatcher->flush(kPatience));
  check_printable(bench.everything());
}

TEST_CASE("No query and no credential reaches a log, a record or the observer's errors") {
  const auto respond = GENERATE(
      std::function<void(Exchange&)>([](Exchange& exchange) { exchange.respond(500); }),
      [](Exchange& exchange) { exchange.reset(); },
      [](Exchange& exchange) { exchange.respond(410); },
      [](Exchange& exchange) {  // says it all back
        exchange.respond(500, exchange.request().head + exchange.request().body);
      });
  const HttpServer server(respond);
  HostileBench bench;
  Webhook webhook = webhook_to(server.url("/hook?token=hush-query#hush-fragment"), "basic");
  webhook.basic_auth = BasicCredentials{"user", Secret("hush-password")};
  webhook.headers = {{"x-key", "hush-header"}};
  webhook.secrets = {Secret("whsec_aHVzaC1zZWNyZXQtaHVzaC1zZWNyZXQtaHVzaA==")};
  REQUIRE(bench.registry.add(webhook));
  webhook.id = "bearer";
  webhook.basic_auth.reset();
  webhook.bearer_token = Secret("hush-token");
  REQUIRE(bench.registry.add(webhook));
  Import import = completed_import();
  import.webhook_url = server.url("/basic?token=hush-basic");
  REQUIRE(bench.dispatcher->dispatch(import));
  REQUIRE(bench.dispatcher->flush(kPatience));
  const std::string text = bench.everything();
  CHECK(text.find("hush") == std::string::npos);
  CHECK(text.find("aHVzaC") == std::string::npos);     // the secret, and "hush-…" in base64
  CHECK(text.find("dXNlcjpod") == std::string::npos);  // "user:h…"
}

TEST_CASE("No retry-after puts a delivery off for more than a day, or brings it forward") {
  struct Case {
    const char* value;
    std::chrono::seconds least, most;
  };
  const auto day = 86'400s;
  const Case one =
      GENERATE_COPY(Case{"-1", 60s, 60s}, Case{"1e99", 60s, 60s}, Case{"0", 60s, 60s},
                    Case{"1.5", 60s, 60s}, Case{"0x7fffffff", 60s, 60s}, Case{"", 60s, 60s},
                    Case{"+120", 60s, 60s}, Case{"Thu, 01 Jan 1970 00:00:00 GMT", 60s, 60s},
                    Case{"120", 120s, 120s}, Case{"99999999999999999999999999", day, day},
                    Case{"86401", day, day}, Case{"Fri, 31 Dec 9999 23:59:59 GMT", day, day});
  CAPTURE(one.value);
  const HttpServer server([&](Exchange& exchange) {
    exchange.respond(503, "", std::string("retry-after: ") + one.value + "\r\n");
  });
  HostileBench bench({0ms, 60s});
  REQUIRE(bench.registry.add(webhook_to(server.url())));
  const auto before = std::chrono::system_clock::now();
  const DeliveryId id = bench.dispatcher->dispatch(completed_import())->deliveries.at(0).id;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (bench.dispatcher->attempts(id)->empty()) {
    REQUIRE(std::chrono::steady_clock::now() < deadline);
    std::this_thread::sleep_for(2ms);
  }
  const auto after = std::chrono::system_clock::now();
  const Delivery delivery = bench.dispatcher->delivery(id).value();
  REQUIRE(delivery.next_attempt_at);
  CHECK(*delivery.next_attempt_at >= before + one.least - 1s);
  CHECK(*delivery.next_attempt_at <= after + one.most + 1s);
}

TEST_CASE(
    "Webhooks on one host are each called by their own identity, over their own connections") {
  const Certificate authority = Certificate::create({});
  CertificateOptions options;
  options.owner = "server";
  options.names = {"127.0.0.1"};
  options.issuer = &authority;
  HttpServerOptions server_options;
  server_options.tls = std::make_shared<const Certificate>(Certificate::make(options));
  server_options.clients = ClientCertificates::asked_for;
  server_options.client_authority = authority.certificate_pem;
  const HttpServer server([](Exchange& exchange) { exchange.respond(200); }, server_options);

  CurlTransportOptions transport;
  transport.ca_pem = authority.certificate_pem;
  HostileBench bench({0ms}, transport);
  for (const char* id : {"crm", "billing", "nobody"}) {
    Webhook webhook = webhook_to(server.url(std::string("/") + id), id);
    if (webhook.id != "nobody") {
      options.owner = id;
      const Certificate own = Certificate::make(options);
      webhook.client_certificate = ClientCertificate{own.certificate_pem, Secret(own.key_pem)};
    }
    REQUIRE(bench.registry.add(webhook));
  }
  for (int i = 0; i < 5; ++i) {
    REQUIRE(bench.dispatcher->dispatch(completed_import(std::to_string(i))));
    REQUIRE(bench.dispatcher->flush(kPatience));
  }
  REQUIRE(server.request_count() == 15);
  std::map<std::size_t, std::string> identities;  // of each connection
  for (const ReceivedRequest& request : server.requests()) {
    CHECK(request.client == (request.target == "/nobody" ? "" : request.target.substr(1)));
    const auto [at, fresh] = identities.emplace(request.connection, request.client);
    CHECK(at->second == request.client);
  }
  CHECK(identities.size() == 3);
}
