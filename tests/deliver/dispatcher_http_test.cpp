// The rules of requests and deliveries that are about HTTP, against a real server on loopback,
// through the whole of hookline: registry, dispatcher, libcurl.

#include <atomic>
#include <ctime>

#include "catch.hpp"
#include "fakes/http_server.hpp"
#include "fakes/samples.hpp"

using namespace hookline;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 20s;

/// A dispatcher with the real clock and transport, and a schedule that a test can wait for.
struct HttpBench {
  explicit HttpBench(DispatcherOptions options = quick()) {
    if (!options.store) options.store = std::make_shared<MemoryStore>();
    dispatcher = Dispatcher::create(registry, options).value();
  }

  static DispatcherOptions quick() {
    DispatcherOptions options;
    options.retry_schedule = {0ms, 50ms, 50ms};
    options.retry_jitter = 0;
    options.request_timeout = 5s;
    return options;
  }

  Delivery deliver(const HttpServer& server) {
    if (!registry.add(webhook_to(server.url("/hook?key=1")))) std::abort();
    const auto receipt = dispatcher->dispatch(completed_import()).value();
    if (!dispatcher->flush(kPatience)) FAIL("the delivery did not end in time");
    return dispatcher->deliveries()->deliveries.at(0);
  }

  std::vector<Attempt> attempts() const { return dispatcher->attempts(1).value(); }

  WebhookRegistry registry{loopback_policy()};
  std::unique_ptr<Dispatcher> dispatcher;
};

}  // namespace

TEST_CASE("A request on the wire is a POST of HTTP/1.1 with hookline's headers and nothing else") {
  HttpServer server;
  HttpBench bench;
  bench.deliver(server);
  const ReceivedRequest request = server.requests().at(0);
  CHECK(request.method == "POST");
  CHECK(request.target == "/hook?key=1");
  CHECK(request.version == "HTTP/1.1");
  std::vector<std::string> names;
  for (const std::string& line : request.header_lines) {
    names.push_back(line.substr(0, line.find(':')));
  }
  CHECK(names == std::vector<std::string>{"Host", "content-type", "user-agent", "webhook-id",
                                          "webhook-timestamp", "Content-Length"});
  CHECK(request.body.substr(0, 9) == "{\"event\":");
}

TEST_CASE("A redirect is a failed try and is not followed") {
  for (const int status : {301, 302, 303, 307, 308}) {
    HttpServer elsewhere;
    HttpServer server([&](Exchange& exchange) {
      exchange.respond(status, "", "location: " + elsewhere.url("/stolen") + "\r\n");
    });
    HttpBench bench;
    const Delivery delivery = bench.deliver(server);
    CHECK(delivery.status == DeliveryStatus::exhausted);
    CHECK(delivery.attempts == 3);
    CHECK(delivery.http_status == status);
    CHECK(elsewhere.connections() == 0);
  }
}

TEST_CASE("A receiver that is gone is not asked again") {
  HttpServer server([](Exchange& exchange) { exchange.respond(410); });
  HttpBench bench;
  const Delivery delivery = bench.deliver(server);
  CHECK(delivery.status == DeliveryStatus::exhausted);
  CHECK(delivery.attempts == 1);
  CHECK(server.request_count() == 1);
  CHECK(bench.registry.list()->webhooks.at(0).state == WebhookState::disabled);
}

TEST_CASE("A receiver that fails first gets the same request again over the same connection") {
  std::atomic<int> asked{0};
  HttpServer server([&](Exchange& exchange) { exchange.respond(asked++ == 0 ? 500 : 204); });
  HttpBench bench;
  const Delivery delivery = bench.deliver(server);
  CHECK(delivery.status == DeliveryStatus::delivered);
  CHECK(delivery.attempts == 2);
  const auto requests = server.requests();
  REQUIRE(requests.size() == 2);
  CHECK(requests[0].body == requests[1].body);
  CHECK(requests[0].header("webhook-id") == requests[1].header("webhook-id"));
  CHECK(server.connections() == 1);
}

TEST_CASE("A retry-after in seconds puts the next try off") {
  std::atomic<int> asked{0};
  HttpServer server([&](Exchange& exchange) {
    if (asked++ == 0) {
      exchange.respond(503, "", "retry-after: 1\r\n");
    } else {
      exchange.respond(200);
    }
  });
  HttpBench bench;
  CHECK(bench.deliver(server).status == DeliveryStatus::delivered);
  const auto attempts = bench.attempts();
  REQUIRE(attempts.size() == 2);
  CHECK(attempts[1].started_at - attempts[0].started_at >= 1s);
}

TEST_CASE("A retry-after with a date puts the next try off") {
  std::atomic<int> asked{0};
  const std::time_t later = std::time(nullptr) + 2;
  char date[64];
  std::tm parts{};
  gmtime_r(&later, &parts);
  std::strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  HttpServer server([&](Exchange& exchange) {
    if (asked++ == 0) {
      exchange.respond(429, "", std::string("retry-after: ") + date + "\r\n");
    } else {
      exchange.respond(200);
    }
  });
  HttpBench bench;
  CHECK(bench.deliver(server).status == DeliveryStatus::delivered);
  const auto attempts = bench.attempts();
  REQUIRE(attempts.size() == 2);
  CHECK(attempts[1].started_at >= std::chrono::system_clock::from_time_t(later));
}

TEST_CASE("A body that drips on after a 2xx is cut off at the time limit and counts as delivered") {
  HttpServer server([](Exchange& exchange) {
    exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n");
    exchange.drip(std::string(1000, 'x'), 50ms);
  });
  DispatcherOptions options = HttpBench::quick();
  options.request_timeout = 300ms;
  HttpBench bench(options);
  const Delivery delivery = bench.deliver(server);
  CHECK(delivery.status == DeliveryStatus::delivered);
  CHECK(bench.attempts().at(0).duration < 3s);
}

TEST_CASE("A receiver that says nothing is given up at the time limit") {
  HttpServer server([](Exchange& exchange) { exchange.hang(); });
  DispatcherOptions options = HttpBench::quick();
  options.request_timeout = 200ms;
  HttpBench bench(options);
  const Delivery delivery = bench.deliver(server);
  CHECK(delivery.status == DeliveryStatus::exhausted);
  CHECK_FALSE(delivery.http_status);
  for (const Attempt& attempt : bench.attempts()) {
    CHECK(attempt.failure == FailureClass::timeout);
    CHECK(attempt.duration < 3s);
  }
}

TEST_CASE("A reset in the body after a 2xx is not held against the receiver, one before it is") {
  SECTION("in the body") {
    HttpServer server([](Exchange& exchange) {
      exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf");
      exchange.pause(50ms);
      exchange.reset();
    });
    HttpBench bench;
    CHECK(bench.deliver(server).status == DeliveryStatus::delivered);
  }
  SECTION("in the headers") {
    HttpServer server([](Exchange& exchange) {
      exchange.write("HTTP/1.1 200 OK\r\ncontent-le");
      exchange.pause(50ms);
      exchange.reset();
    });
    HttpBench bench;
    const Delivery delivery = bench.deliver(server);
    CHECK(delivery.status == DeliveryStatus::exhausted);
    CHECK(bench.attempts().at(0).failure == FailureClass::connection);
  }
}

TEST_CASE("At most 1 KiB of an answer is kept, and 64 KiB are read") {
  HttpServer server([](Exchange& exchange) {
    exchange.write("HTTP/1.1 500 No\r\ntransfer-encoding: chunked\r\n\r\n");
    const std::string chunk = "1000\r\n" + std::string(0x1000, 'y') + "\r\n";
    while (exchange.write(chunk)) {
    }
  });
  HttpBench bench;
  const Delivery delivery = bench.deliver(server);
  CHECK(delivery.http_status == 500);
  CHECK(bench.attempts().at(0).response_body == std::string(1024, 'y'));
}

TEST_CASE("Deliveries to one receiver share a connection, as many as are out at a time") {
  HttpServer server;
  HttpBench bench;
  Webhook webhook = webhook_to(server.url("/"));
  webhook.max_in_flight = 1;
  REQUIRE(bench.registry.add(webhook));
  for (int i = 0; i < 50; ++i) {
    REQUIRE(bench.dispatcher->dispatch(completed_import(std::to_string(i))));
  }
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(server.request_count() == 50);
  CHECK(server.connections() == 1);
}

TEST_CASE("A webhook never has more requests out than its limit") {
  std::atomic<int> out{0};
  std::atomic<int> most{0};
  HttpServer server([&](Exchange& exchange) {
    const int now = ++out;
    int seen = most;
    while (now > seen && !most.compare_exchange_weak(seen, now)) {
    }
    exchange.pause(5ms);
    --out;
    exchange.respond(200);
  });
  HttpBench bench;
  Webhook webhook = webhook_to(server.url("/"));
  webhook.max_in_flight = 3;
  REQUIRE(bench.registry.add(webhook));
  for (int i = 0; i < 60; ++i) {
    REQUIRE(bench.dispatcher->dispatch(completed_import(std::to_string(i))));
  }
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(most == 3);
}

TEST_CASE("A receiver that hangs holds no other receiver up") {
  HttpServer dead([](Exchange& exchange) { exchange.hang(); });
  HttpServer alive;
  HttpBench bench;
  REQUIRE(bench.registry.add(webhook_to(dead.url("/"), "dead")));
  REQUIRE(bench.registry.add(webhook_to(alive.url("/"), "alive")));
  for (int i = 0; i < 100; ++i) {
    REQUIRE(bench.dispatcher->dispatch(completed_import(std::to_string(i))));
  }
  CHECK(alive.wait_for_requests(100, 4s));
}

TEST_CASE("A policy that has become stricter stops a delivery before it is sent") {
  HttpServer server;
  WebhookRegistry lenient(loopback_policy());
  REQUIRE(lenient.add(webhook_to(server.url("/"))));
  WebhookRegistry strict;
  // A document that was written under another policy: the webhook comes in disabled.
  const auto report = strict.load_json(lenient.to_json());
  REQUIRE(report);
  REQUIRE(report->disabled.size() == 1);
  DispatcherOptions options;
  options.store = std::make_shared<MemoryStore>();
  auto dispatcher = Dispatcher::create(strict, options).value();
  REQUIRE(dispatcher->dispatch(completed_import())->deliveries.empty());
  CHECK(server.connections() == 0);
}

TEST_CASE(
    "Shutdown is bounded while requests hang, and what was out is sent again by the next one") {
  HttpServer server([](Exchange& exchange) { exchange.hang(); });
  HttpBench bench;
  REQUIRE(bench.registry.add(webhook_to(server.url("/"))));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(server.wait_for_requests(1));
  const auto start = std::chrono::steady_clock::now();
  const ShutdownReport report = bench.dispatcher->shutdown(100ms);
  CHECK(std::chrono::steady_clock::now() - start < 2s);
  CHECK(report.abandoned == 1);
  // Cancelled on our side: the try does not count, and it is pending again.
  CHECK(report.pending == 1);
  CHECK(bench.dispatcher->deliveries()->deliveries.at(0).attempts == 0);
}
