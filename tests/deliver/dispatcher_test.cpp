#include "hookline/dispatcher.hpp"

#include <atomic>
#include <mutex>
#include <thread>

#include "catch.hpp"
#include "fakes/samples.hpp"
#include "hookline/memory_store.hpp"
#include "hookline/signer.hpp"

using namespace hookline;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 10s;

}  // namespace

TEST_CASE("An import reaches the webhook that wants it, with identity and body") {
  Bench bench;
  const Webhook webhook = bench.add(webhook_to());
  const auto receipt = bench.dispatcher->dispatch(completed_import());
  REQUIRE(receipt);
  REQUIRE(receipt->deliveries.size() == 1);
  CHECK(receipt->deliveries[0].webhook_id == webhook.id);
  CHECK(receipt->event == Event::import_completed);
  REQUIRE(bench.dispatcher->flush(kPatience));

  const auto requests = bench.transport->requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].url == "https://hooks.example.com/in");
  CHECK(testing::header(requests[0], "content-type") == "application/json");
  CHECK(testing::header(requests[0], "user-agent").substr(0, 9) == "hookline/");
  CHECK(testing::header(requests[0], "webhook-id") == receipt->message_id);
  CHECK(testing::header(requests[0], "webhook-timestamp") == "1700000000");
  CHECK(testing::header(requests[0], "webhook-signature").empty());
  CHECK(requests[0].body->substr(0, 51) ==
        R"({"event":"import_completed","data":{"id":"import-1")");
  const Delivery delivery = bench.only_delivery();
  CHECK(delivery.status == DeliveryStatus::delivered);
  CHECK(delivery.attempts == 1);
  CHECK(delivery.http_status == 200);
  CHECK(delivery.message_id == receipt->message_id);
}

TEST_CASE("A request is signed with each live secret, over the bytes that are sent") {
  Bench bench;
  Webhook webhook = webhook_to();
  const Secret first = generate_secret().value();
  const Secret second = generate_secret().value();
  webhook.secrets = {first, second};
  bench.add(webhook);
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(bench.dispatcher->flush(kPatience));
  const auto request = bench.transport->requests().at(0);
  const std::string id = testing::header(request, "webhook-id");
  const std::string timestamp = testing::header(request, "webhook-timestamp");
  const std::string signature = testing::header(request, "webhook-signature");
  for (const Secret& secret : {first, second}) {
    CHECK(verify({std::string(secret.reveal())}, {id, timestamp, signature}, *request.body,
                 bench.clock->system_now()));
  }
  CHECK_FALSE(verify({std::string(first.reveal())}, {id, timestamp, signature}, *request.body + " ",
                     bench.clock->system_now()));
}

TEST_CASE("Credentials and custom headers of a webhook go out with its requests") {
  Bench bench;
  Webhook basic = webhook_to("https://a.example.com/", "a");
  basic.basic_auth = BasicCredentials{"Aladdin", Secret("open sesame")};
  basic.headers = {{"x-team", "imports"}};
  bench.add(basic);
  Webhook bearer = webhook_to("https://b.example.com/", "b");
  bearer.bearer_token = Secret("token-123");
  bench.add(bearer);
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(bench.dispatcher->flush(kPatience));
  const auto requests = bench.transport->requests();
  REQUIRE(requests.size() == 2);
  // The example of RFC 7617.
  CHECK(testing::header(requests[0], "authorization") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(testing::header(requests[0], "x-team") == "imports");
  CHECK(testing::header(requests[1], "authorization") == "Bearer token-123");
}

TEST_CASE("The basic webhook gets its form, signed where the host has a secret for it") {
  DispatcherOptions options;
  const Secret secret = generate_secret().value();
  options.basic_secrets = {secret};
  Bench bench(options);
  Import import = completed_import("a b/ü");
  import.webhook_url = "https://hooks.example.com/basic?key=1";
  const auto receipt = bench.dispatcher->dispatch(import);
  REQUIRE(receipt);
  REQUIRE(bench.dispatcher->flush(kPatience));
  const auto request = bench.transport->requests().at(0);
  CHECK(request.url == "https://hooks.example.com/basic?key=1");
  CHECK(*request.body == "uploadId=a%20b%2F%C3%BC");
  CHECK(testing::header(request, "content-type") == "application/x-www-form-urlencoded");
  const std::string id = testing::header(request, "webhook-id");
  const std::string timestamp = testing::header(request, "webhook-timestamp");
  const std::string signature = testing::header(request, "webhook-signature");
  CHECK(verify({std::string(secret.reveal())}, {id, timestamp, signature}, *request.body,
               bench.clock->system_now()));
  // What is recorded, and can end up in a log, has no query.
  CHECK(bench.only_delivery().url == "https://hooks.example.com/basic");
}

TEST_CASE("A basic URL that is refused ends its delivery and no other") {
  Bench bench;
  bench.add(webhook_to());
  Import import = completed_import();
  import.webhook_url = "https://169.254.169.254/latest/meta-data?token=hidden";
  const auto receipt = bench.dispatcher->dispatch(import);
  REQUIRE(receipt);
  REQUIRE(receipt->deliveries.size() == 2);
  REQUIRE(receipt->deliveries[1].refused);
  CHECK(receipt->deliveries[1].refused->message.find("hidden") == std::string::npos);
  REQUIRE(bench.dispatcher->flush(kPatience));
  const auto deliveries = bench.dispatcher->deliveries()->deliveries;
  CHECK(deliveries[0].status == DeliveryStatus::delivered);
  CHECK(deliveries[1].status == DeliveryStatus::exhausted);
  CHECK(deliveries[1].error.substr(0, 7) == "policy:");
  CHECK(deliveries[1].attempts == 0);
  CHECK(bench.transport->requests().size() == 1);
}

TEST_CASE("A failed delivery is tried again by the schedule, with the same id and bytes") {
  Bench bench;
  bench.add(webhook_to());
  bench.transport->answer_next(testing::status(500));
  bench.transport->answer_next(testing::failure(FailureClass::timeout, "no answer in 15 s"));
  const auto receipt = bench.dispatcher->dispatch(completed_import());
  REQUIRE(bench.transport->wait_for_requests(1, kPatience));
  REQUIRE(bench.wait_for_attempts(1));

  bench.clock->advance(4999ms);
  CHECK_FALSE(bench.transport->wait_for_requests(2, 20ms));
  bench.clock->advance(1ms);
  REQUIRE(bench.transport->wait_for_requests(2, kPatience));
  REQUIRE(bench.wait_for_attempts(2));
  bench.clock->advance(5min);
  REQUIRE(bench.dispatcher->flush(kPatience));

  const auto requests = bench.transport->requests();
  REQUIRE(requests.size() == 3);
  for (const HttpRequest& request : requests) {
    CHECK(testing::header(request, "webhook-id") == receipt->message_id);
    CHECK(*request.body == *requests[0].body);
  }
  // The timestamp is that of the attempt.
  CHECK(testing::header(requests[1], "webhook-timestamp") == "1700000005");
  CHECK(testing::header(requests[2], "webhook-timestamp") == "1700000305");

  const auto attempts = bench.dispatcher->attempts(receipt->deliveries[0].id).value();
  REQUIRE(attempts.size() == 3);
  CHECK(attempts[0].http_status == 500);
  CHECK(attempts[1].failure == FailureClass::timeout);
  CHECK(attempts[2].http_status == 200);
  CHECK(attempts[2].error.empty());
}

TEST_CASE("A schedule that ends without success exhausts the delivery") {
  DispatcherOptions options;
  options.retry_schedule = {0s, 1s};
  Bench bench(options);
  bench.add(webhook_to());
  bench.transport->answer(testing::status(503));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(bench.transport->wait_for_requests(1, kPatience));
  REQUIRE(bench.wait_for_attempts(1));
  bench.clock->advance(1s);
  REQUIRE(bench.dispatcher->flush(kPatience));
  const Delivery delivery = bench.only_delivery();
  CHECK(delivery.status == DeliveryStatus::exhausted);
  CHECK(delivery.attempts == 2);
  CHECK(delivery.http_status == 503);
  CHECK(delivery.finished_at);
}

TEST_CASE("A webhook's own schedule applies to it, its first delay too") {
  Bench bench;
  Webhook webhook = webhook_to();
  webhook.retry_schedule = {10s, 20s};
  bench.add(webhook);
  bench.transport->answer_next(testing::status(500));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  CHECK_FALSE(bench.transport->wait_for_requests(1, 20ms));
  bench.clock->advance(10s);
  REQUIRE(bench.transport->wait_for_requests(1, kPatience));
  REQUIRE(bench.wait_for_attempts(1));
  bench.clock->advance(20s);
  REQUIRE(bench.dispatcher->flush(kPatience));
}

TEST_CASE("A 410 exhausts the delivery and disables the webhook, and the host is told") {
  struct Told : Observer {
    std::atomic<int> disabled{0};
    void on_webhook_disabled(const Webhook& webhook) override {
      if (webhook.disabled_reason.find("410") != std::string::npos) ++disabled;
    }
  };
  auto observer = std::make_shared<Told>();
  DispatcherOptions options;
  options.observer = observer;
  Bench bench(options);
  const Webhook webhook = bench.add(webhook_to());
  bench.transport->answer(testing::status(410));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.only_delivery().status == DeliveryStatus::exhausted);
  CHECK(bench.registry.find(webhook.id)->state == WebhookState::disabled);
  // No new events for it.
  CHECK(bench.dispatcher->dispatch(completed_import("import-2"))->deliveries.empty());
  bench.dispatcher->shutdown(kPatience);
  CHECK(observer->disabled == 1);
}

TEST_CASE("What waits for a paused webhook is sent when it is enabled again, and not before") {
  Bench bench;
  Webhook webhook = bench.add(webhook_to());
  webhook.state = WebhookState::paused;
  webhook = bench.registry.update(webhook).value();
  REQUIRE(bench.dispatcher->dispatch(completed_import())->deliveries.size() == 1);
  bench.clock->advance(1h);
  CHECK_FALSE(bench.transport->wait_for_requests(1, 30ms));
  CHECK(bench.only_delivery().status == DeliveryStatus::pending);
  webhook.state = WebhookState::enabled;
  REQUIRE(bench.registry.update(webhook));
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.only_delivery().status == DeliveryStatus::delivered);
}

TEST_CASE("Removing a webhook discards what waits for it, what is not due too") {
  Bench bench;
  const Webhook webhook = bench.add(webhook_to());
  bench.transport->answer(testing::status(500));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(bench.transport->wait_for_requests(1, kPatience));
  REQUIRE(bench.registry.remove(webhook.id));
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.only_delivery().status == DeliveryStatus::discarded);
  CHECK(bench.only_delivery().error == "the webhook was removed");
}

TEST_CASE("A webhook that comes back under another tenant does not get the first one's events") {
  Bench bench;
  const Webhook webhook = bench.add(webhook_to("https://a.example.com/", "shared-id"));
  bench.transport->answer(testing::status(500));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(bench.transport->wait_for_requests(1, kPatience));
  REQUIRE(bench.registry.remove(webhook.id));
  Webhook other = webhook_to("https://b.example.com/", "shared-id");
  other.tenant = "other";
  bench.add(other);
  bench.clock->advance(1h);
  bench.dispatcher->flush(100ms);
  for (const HttpRequest& request : bench.transport->requests()) {
    CHECK(request.url == "https://a.example.com/");
  }
}

TEST_CASE("The configuration at the time of the attempt applies") {
  Bench bench;
  Webhook webhook = bench.add(webhook_to());
  bench.transport->answer_next(testing::status(500));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(bench.transport->wait_for_requests(1, kPatience));
  REQUIRE(bench.wait_for_attempts(1));
  webhook.url = "https://moved.example.com/";
  REQUIRE(bench.registry.update(webhook));
  bench.clock->advance(5s);
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.transport->requests().at(1).url == "https://moved.example.com/");
}

TEST_CASE("A replay is a new delivery of the same message") {
  Bench bench;
  bench.add(webhook_to());
  const auto receipt = bench.dispatcher->dispatch(completed_import());
  REQUIRE(bench.dispatcher->flush(kPatience));
  const auto replayed = bench.dispatcher->replay(receipt->deliveries[0].id);
  REQUIRE(replayed);
  CHECK(replayed->replay_of == receipt->deliveries[0].id);
  CHECK(replayed->attempts == 0);
  REQUIRE(bench.dispatcher->flush(kPatience));
  const auto requests = bench.transport->requests();
  REQUIRE(requests.size() == 2);
  CHECK(*requests[0].body == *requests[1].body);
  CHECK(testing::header(requests[0], "webhook-id") == testing::header(requests[1], "webhook-id"));
}

TEST_CASE("A replay without its delivery or webhook is an error that says which") {
  Bench bench;
  const Webhook webhook = bench.add(webhook_to());
  const auto receipt = bench.dispatcher->dispatch(completed_import());
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.dispatcher->replay(999).error().code == ErrorCode::delivery_not_found);
  REQUIRE(bench.registry.remove(webhook.id));
  const auto gone = bench.dispatcher->replay(receipt->deliveries[0].id);
  CHECK(gone.error().code == ErrorCode::webhook_not_found);
  CHECK(gone.error().message.find(webhook.id) != std::string::npos);
}

TEST_CASE("An import that nobody wants is accepted and leaves nothing behind") {
  Bench bench;
  const auto receipt = bench.dispatcher->dispatch(completed_import());
  REQUIRE(receipt);
  CHECK(receipt->deliveries.empty());
  CHECK(bench.dispatcher->deliveries()->deliveries.empty());
  CHECK(bench.dispatcher->flush(0ms));
}

TEST_CASE(
    "A headless document that is refused goes out as null, or stops the dispatch, as the host "
    "says") {
  Import import = completed_import();
  import.import_type = ImportType::headless;
  import.headless = "{\"import_errors\":[\xff]}";
  SECTION("by default the event goes out without it, and the receipt says so") {
    Bench bench;
    bench.add(webhook_to());
    const auto receipt = bench.dispatcher->dispatch(import);
    REQUIRE(receipt);
    REQUIRE(receipt->headless_error);
    CHECK(receipt->headless_error->code == ErrorCode::invalid_headless);
    REQUIRE(bench.dispatcher->flush(kPatience));
    CHECK(bench.transport->requests().at(0).body->find("\"headless\":null") != std::string::npos);
  }
  SECTION("or it is refused") {
    DispatcherOptions options;
    options.on_bad_headless = OnBadHeadless::refuse;
    Bench bench(options);
    bench.add(webhook_to());
    CHECK(bench.dispatcher->dispatch(import).error().code == ErrorCode::invalid_headless);
    CHECK(bench.dispatcher->deliveries()->deliveries.empty());
  }
  SECTION("one that is missing or misplaced is the host's mistake, always an error") {
    Bench bench;
    import.headless.reset();
    CHECK(bench.dispatcher->dispatch(import).error().code == ErrorCode::invalid_headless);
    import.import_type = ImportType::embedded;
    import.headless = "{}";
    CHECK(bench.dispatcher->dispatch(import).error().code == ErrorCode::invalid_headless);
  }
}

TEST_CASE("Bad input is refused with a message that names the field") {
  Bench bench;
  Import import = completed_import("");
  CHECK(bench.dispatcher->dispatch(import).error().message.find("id") == 0);
  import = completed_import();
  import.status = ImportStatus::running;
  const auto running = bench.dispatcher->dispatch(import);
  CHECK(running.error().code == ErrorCode::no_event_for_state);
  CHECK(running.error().message.find("RUNNING") != std::string::npos);
}

TEST_CASE("Options that cannot work are refused, all at once") {
  WebhookRegistry registry;
  DispatcherOptions options;
  options.max_in_flight = 0;
  options.retry_schedule.clear();
  options.retry_jitter = 2;
  const auto created = Dispatcher::create(registry, options);
  REQUIRE_FALSE(created);
  CHECK(created.error().code == ErrorCode::invalid_options);
  for (const auto* name : {"max_in_flight", "retry_schedule", "retry_jitter"}) {
    CHECK(created.error().message.find(name) != std::string::npos);
  }
  options = {};
  CHECK(Dispatcher::create(registry, options).error().message.substr(0, 11) == "store_file:");
  options.store = std::make_shared<MemoryStore>();
  options.store_file = "both.db";
  CHECK_FALSE(Dispatcher::create(registry, options));
  options.store_file.clear();
  options.basic_secrets = {Secret("whsec_short")};
  const auto unsigned_one = Dispatcher::create(registry, options);
  REQUIRE_FALSE(unsigned_one);
  CHECK(unsigned_one.error().message.find("basic_secrets[0]") == 0);
  CHECK(unsigned_one.error().message.find("short") == std::string::npos);
}

TEST_CASE("A full store is an error of dispatch, and what was accepted stays") {
  DispatcherOptions options;
  MemoryStoreOptions limits;
  limits.max_deliveries = 2;
  options.store = std::make_shared<MemoryStore>(limits);
  Bench bench(options);
  bench.add(webhook_to());
  bench.transport->answer(testing::status(500));
  REQUIRE(bench.dispatcher->dispatch(completed_import("1")));
  REQUIRE(bench.dispatcher->dispatch(completed_import("2")));
  CHECK(bench.dispatcher->dispatch(completed_import("3")).error().code == ErrorCode::store_full);
  CHECK(bench.dispatcher->deliveries()->deliveries.size() == 2);
}

TEST_CASE("Stats count deliveries and tell the age of the oldest that waits") {
  Bench bench;
  bench.add(webhook_to());
  REQUIRE(bench.dispatcher->dispatch(completed_import("1")));
  REQUIRE(bench.dispatcher->flush(kPatience));
  bench.transport->answer(testing::status(500));
  REQUIRE(bench.dispatcher->dispatch(completed_import("2")));
  REQUIRE(bench.transport->wait_for_requests(2, kPatience));
  const auto waiting = bench.dispatcher->deliveries()->deliveries.at(1).id;
  while (bench.dispatcher->attempts(waiting)->empty()) std::this_thread::yield();
  bench.clock->advance(3s);
  const auto stats = bench.dispatcher->stats().value();
  CHECK(stats.deliveries.delivered == 1);
  CHECK(stats.deliveries.pending == 1);
  CHECK(stats.oldest_unfinished_age == 3s);
}

TEST_CASE("A jump of the wall clock moves no try") {
  Bench bench;
  bench.add(webhook_to());
  bench.transport->answer_next(testing::status(500));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(bench.transport->wait_for_requests(1, kPatience));
  REQUIRE(bench.wait_for_attempts(1));
  bench.clock->set_system_time(bench.clock->system_now() + 24h);
  CHECK_FALSE(bench.transport->wait_for_requests(2, 30ms));
  bench.clock->set_system_time(bench.clock->system_now() - 48h);
  bench.clock->advance(5s);
  REQUIRE(bench.dispatcher->flush(kPatience));
}

TEST_CASE("Many threads dispatch at once and every event arrives once") {
  Bench bench;
  bench.add(webhook_to());
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 100; ++i) {
        const auto id = std::to_string(t) + "-" + std::to_string(i);
        if (!bench.dispatcher->dispatch(completed_import(id))) std::abort();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.transport->requests().size() == 800);
  CHECK(bench.dispatcher->stats()->deliveries.delivered == 800);
}

TEST_CASE("Many webhooks whose retries are due at the same moment are all tried again") {
  Bench bench;
  for (int i = 0; i < 300; ++i) {
    bench.add(webhook_to("https://a.example.com/", "wh" + std::to_string(i)));
  }
  bench.transport->answer(testing::status(503));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(bench.transport->wait_for_requests(300, kPatience));
  bench.transport->answer(testing::status(200));
  bench.clock->advance(5s);
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.dispatcher->stats()->deliveries.delivered == 300);
}

TEST_CASE("Many paused webhooks that are enabled at once all get what waits for them") {
  Bench bench;
  for (int i = 0; i < 300; ++i) {
    Webhook webhook = webhook_to("https://a.example.com/", "wh" + std::to_string(i));
    webhook.state = WebhookState::paused;
    bench.add(webhook);
  }
  REQUIRE(bench.dispatcher->dispatch(completed_import())->deliveries.size() == 300);
  const WebhookPage page = bench.registry.list({std::nullopt, "", 1000}).value();
  for (Webhook webhook : page.webhooks) {
    webhook.state = WebhookState::enabled;
    REQUIRE(bench.registry.update(webhook));
  }
  REQUIRE(bench.dispatcher->flush(kPatience));
}

TEST_CASE("A 410 from a URL that was replaced meanwhile does not disable the new one") {
  DispatcherOptions options;
  std::vector<Transport::Completion> out;
  std::mutex mutex;
  options.transport = std::make_shared<testing::FunctionTransport>(
      [&](const HttpRequest& request, Transport::Completion completion) {
        const bool first = request.body->find("import-1") != std::string::npos;
        const bool old = request.url.find("old") != std::string::npos;
        if (first || !old) return completion(testing::status(200));
        const std::lock_guard lock(mutex);
        out.push_back(std::move(completion));
      });
  Bench bench(options);
  Webhook webhook = bench.add(webhook_to("https://old.example.com/"));
  REQUIRE(bench.dispatcher->dispatch(completed_import("import-1")));
  REQUIRE(bench.dispatcher->flush(kPatience));  // from now on it may have several out
  for (const auto* id : {"2", "3", "4"}) REQUIRE(bench.dispatcher->dispatch(completed_import(id)));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  for (std::size_t count = 0; count < 3 && std::chrono::steady_clock::now() < deadline;) {
    const std::lock_guard lock(mutex);
    count = out.size();
  }
  webhook.url = "https://new.example.com/";
  REQUIRE(bench.registry.update(webhook));
  for (Transport::Completion& completion : out) completion(testing::status(410));
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.registry.find(webhook.id)->state == WebhookState::enabled);
  REQUIRE(bench.dispatcher->dispatch(completed_import("5")));
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.dispatcher->stats()->deliveries.delivered == 2);
}

TEST_CASE(
    "An id that comes back under another tenant after its first life is done gets its retries") {
  Bench bench;
  const Webhook first = bench.add(webhook_to("https://a.example.com/", "crm"));
  REQUIRE(bench.dispatcher->dispatch(completed_import("1")));
  REQUIRE(bench.dispatcher->flush(kPatience));
  REQUIRE(bench.registry.remove(first.id));
  Webhook second = webhook_to("https://b.example.com/", "crm");
  second.tenant = "other";
  bench.add(second);
  bench.transport->answer_next(testing::status(503));
  Import import = completed_import("2");
  import.tenant = "other";
  const auto receipt = bench.dispatcher->dispatch(import);
  REQUIRE(bench.transport->wait_for_requests(2, kPatience));
  bench.clock->advance(5s);
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.dispatcher->delivery(receipt->deliveries.at(0).id)->status ==
        DeliveryStatus::delivered);
}
