// What an operator can ask of the deliveries that are there.
#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "catch.hpp"
#include "fakes/failing_store.hpp"
#include "fakes/samples.hpp"
#include "hookline/dispatcher.hpp"
#include "hookline/memory_store.hpp"

using namespace hookline;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 10s;

DispatcherOptions one_try() {
  DispatcherOptions options;
  options.retry_schedule = {0s};
  return options;
}

DeliveryQuery only(DeliveryId id) {
  DeliveryQuery query;
  query.id = id;
  return query;
}

/// A store whose rounds wait until they may begin.
class GatedStore final : public ForwardingStore {
 public:
  using ForwardingStore::ForwardingStore;

  Result<StoreReply> exchange(const StoreWork& work) override {
    std::unique_lock lock(mutex_);
    waits_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
    lock.unlock();
    return inner().exchange(work);
  }
  Result<void> set_paused(bool paused) override {
    auto set = inner().set_paused(paused);
    const std::lock_guard lock(mutex_);
    paused_ = paused;
    changed_.notify_all();
    return set;
  }
  void set_open(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
    waits_ = false;
    changed_.notify_all();
  }
  void wait_for_round() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return waits_; });
  }
  void wait_for_pause() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return paused_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = true;
  bool waits_ = false;
  bool paused_ = false;
};

Import import_of_tenant(const std::string& tenant, const std::string& id) {
  Import import = completed_import(id);
  import.tenant = tenant;
  return import;
}

}  // namespace

TEST_CASE("Recovery sends what was exhausted and what was missed, each once") {
  Bench bench(one_try());
  Webhook webhook = bench.add(webhook_to());
  REQUIRE(bench.dispatcher->dispatch(completed_import("delivered")));
  REQUIRE(bench.dispatcher->flush(kPatience));
  bench.transport->answer_next(testing::status(500));
  REQUIRE(bench.dispatcher->dispatch(completed_import("failed")));
  REQUIRE(bench.dispatcher->flush(kPatience));
  REQUIRE(bench.registry.disable(webhook.id, "maintenance"));
  const auto missed = bench.dispatcher->dispatch(completed_import("missed"));
  REQUIRE(missed);
  CHECK(missed->deliveries.empty());
  REQUIRE(bench.registry.enable(webhook.id));
  CHECK(bench.transport->requests().size() == 2);

  CHECK(bench.dispatcher->recover(webhook.id, {}) == 2u);
  REQUIRE(bench.dispatcher->flush(kPatience));
  const auto requests = bench.transport->requests();
  REQUIRE(requests.size() == 4);
  CHECK(requests[2].body->find("\"failed\"") != std::string::npos);
  CHECK(requests[3].body->find("\"missed\"") != std::string::npos);
  CHECK(bench.dispatcher->recover(webhook.id, {}) == 0u);
}

TEST_CASE("Recovery leaves alone what was accepted before the time that is given") {
  Bench bench(one_try());
  const Webhook webhook = bench.add(webhook_to());
  bench.transport->answer(testing::status(500));
  REQUIRE(bench.dispatcher->dispatch(completed_import("old")));
  REQUIRE(bench.dispatcher->flush(kPatience));
  bench.clock->advance(1h);
  const auto since = bench.clock->system_now();
  REQUIRE(bench.dispatcher->dispatch(completed_import("new")));
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.dispatcher->recover(webhook.id, since) == 1u);
  CHECK(bench.dispatcher->recover("nobody", since).error().code == ErrorCode::webhook_not_found);
}

TEST_CASE("What is discarded is not sent any more, and says why") {
  Bench bench;
  bench.add(webhook_to());
  bench.transport->answer(testing::status(500));
  const auto receipt = bench.dispatcher->dispatch(completed_import());
  REQUIRE(bench.wait_for_attempts(1));
  CHECK(bench.dispatcher->discard(only(receipt->deliveries[0].id), "the customer asked") == 1u);
  REQUIRE(bench.dispatcher->flush(kPatience));
  bench.clock->advance(24h);
  CHECK(bench.transport->requests().size() == 1);
  CHECK(bench.only_delivery().status == DeliveryStatus::discarded);
  CHECK(bench.only_delivery().error == "the customer asked");
  // There is nothing left to take off.
  CHECK(bench.dispatcher->discard(only(receipt->deliveries[0].id)) == 0u);
  CHECK(bench.dispatcher->discard({}).error().code == ErrorCode::invalid_query);
}

TEST_CASE("A request that is out while its delivery is discarded is let finish") {
  DispatcherOptions options;
  std::mutex mutex;
  std::vector<Transport::Completion> out;
  options.transport = std::make_shared<testing::FunctionTransport>(
      [&](const HttpRequest&, Transport::Completion completion) {
        const std::lock_guard lock(mutex);
        out.push_back(std::move(completion));
      });
  const int answer = GENERATE(200, 500);
  Bench bench(options);
  bench.add(webhook_to());
  const auto receipt = bench.dispatcher->dispatch(completed_import());
  const auto is_out = [&] {
    const std::lock_guard lock(mutex);
    return out.size() == 1;
  };
  while (!is_out()) std::this_thread::yield();
  CHECK(bench.dispatcher->discard(only(receipt->deliveries[0].id)) == 1u);
  CHECK(bench.only_delivery().status == DeliveryStatus::in_flight);
  out[0](testing::status(answer));
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.only_delivery().status ==
        (answer == 200 ? DeliveryStatus::delivered : DeliveryStatus::discarded));
}

TEST_CASE("Erasing a tenant leaves nothing of it and everything of the others") {
  Bench bench;
  bench.transport->answer(testing::status(500));
  for (const auto* tenant : {"acme", "other"}) {
    Webhook webhook = webhook_to();
    webhook.tenant = tenant;
    bench.add(webhook);
    DispatchOptions keyed;
    keyed.idempotency_key = "key";
    for (const auto* id : {"1", "2"}) {
      keyed.idempotency_key = id;
      REQUIRE(bench.dispatcher->dispatch(import_of_tenant(tenant, id), keyed));
    }
  }
  EraseQuery one;
  one.tenant = "acme";
  one.import_id = "1";
  CHECK(bench.dispatcher->erase(one) == 1u);
  EraseQuery all;
  all.tenant = "acme";
  CHECK(bench.dispatcher->erase(all) == 1u);
  DeliveryQuery query;
  query.tenant = "acme";
  CHECK(bench.dispatcher->deliveries(query)->deliveries.empty());
  CHECK(bench.dispatcher->stats("acme")->deliveries.pending == 0);
  query.tenant = "other";
  CHECK(bench.dispatcher->deliveries(query)->deliveries.size() == 2);

  // The keys are forgotten too.
  DispatchOptions keyed;
  keyed.idempotency_key = "1";
  CHECK_FALSE(bench.dispatcher->dispatch(import_of_tenant("acme", "1"), keyed)->repeated);
  CHECK(bench.dispatcher->dispatch(import_of_tenant("other", "1"), keyed)->repeated);
}

TEST_CASE("While it is paused imports are accepted and nothing is sent, until it is resumed") {
  Bench bench;
  bench.add(webhook_to());
  REQUIRE(bench.dispatcher->pause());
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  bench.clock->advance(1h);
  CHECK_FALSE(bench.dispatcher->flush(50ms));
  CHECK(bench.transport->requests().empty());
  CHECK(bench.dispatcher->stats()->paused);
  REQUIRE(bench.dispatcher->resume());
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.transport->requests().size() == 1);
}

TEST_CASE("A pause outlives the dispatcher that was told") {
  auto store = std::make_shared<MemoryStore>();
  DispatcherOptions options;
  options.store = store;
  {
    Bench first(options);
    REQUIRE(first.dispatcher->pause());
  }
  Bench second(options);
  second.add(webhook_to());
  REQUIRE(second.dispatcher->dispatch(completed_import()));
  CHECK_FALSE(second.dispatcher->flush(50ms));
  REQUIRE(second.dispatcher->resume());
  REQUIRE(second.dispatcher->flush(kPatience));
}

TEST_CASE("A webhook can be paused and enabled by name") {
  Bench bench;
  const Webhook webhook = bench.add(webhook_to());
  REQUIRE(bench.registry.pause(webhook.id));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  CHECK_FALSE(bench.dispatcher->flush(50ms));
  CHECK(bench.registry.enable(webhook.id)->state == WebhookState::enabled);
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.registry.pause("nobody").error().code == ErrorCode::webhook_not_found);
  CHECK(bench.registry.enable("nobody").error().code == ErrorCode::webhook_not_found);
}

TEST_CASE("A test event goes to one webhook alone, in the form that it would get") {
  Bench bench;
  bench.add(webhook_to("https://other.example.com/"));
  Webhook webhook = webhook_to("https://tested.example.com/");
  webhook.events = {Event::headless_import_failed};
  webhook.development_mode = true;
  webhook = bench.add(webhook);
  const auto sent = bench.dispatcher->send_test(webhook.id);
  REQUIRE(sent);
  REQUIRE(bench.dispatcher->flush(kPatience));
  const auto requests = bench.transport->requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].url == "https://tested.example.com/");
  CHECK(requests[0].body->substr(0, 33) == R"({"event":"headless_import_failed")");
  CHECK(requests[0].body->find(R"("development_mode":true)") != std::string::npos);
  CHECK(requests[0].body->find("review_url") == std::string::npos);
  CHECK(bench.dispatcher->delivery(sent->id)->status == DeliveryStatus::delivered);
}

TEST_CASE("A test of a webhook that is not enabled, or not there, is an error") {
  Bench bench;
  const Webhook webhook = bench.add(webhook_to());
  REQUIRE(bench.registry.pause(webhook.id));
  CHECK(bench.dispatcher->send_test(webhook.id).error().code == ErrorCode::webhook_not_enabled);
  CHECK(bench.dispatcher->send_test("nobody").error().code == ErrorCode::webhook_not_found);
}

TEST_CASE("A replay without its body is an error that says so") {
  DispatcherOptions options;
  options.retention.bodies = 0s;
  Bench bench(options);
  bench.add(webhook_to());
  const auto receipt = bench.dispatcher->dispatch(completed_import());
  REQUIRE(bench.dispatcher->flush(kPatience));
  // A replay brings the need for the body back, so only the last one may be tried.
  for (int i = 0; i < 20; ++i) {
    bench.clock->advance(2min);
    std::this_thread::sleep_for(5ms);
  }
  const auto replayed = bench.dispatcher->replay(receipt->deliveries[0].id);
  REQUIRE_FALSE(replayed);
  CHECK(replayed.error().code == ErrorCode::body_dropped);
}

TEST_CASE("What is older than its retention goes, and what waits too long is discarded") {
  Bench bench;
  bench.add(webhook_to());
  Webhook off = bench.add(webhook_to("https://off.example.com/", "off"));
  off.import_identifiers = {"other"};
  REQUIRE(bench.registry.update(off));
  REQUIRE(bench.registry.pause("off"));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  Import waits = completed_import("waits");
  waits.import_identifier = "other";
  const auto waiting = bench.dispatcher->dispatch(waits);
  const auto counts_become = [&](std::uint64_t delivered, std::uint64_t discarded) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      const auto now = bench.dispatcher->stats()->deliveries;
      if (now.delivered == delivered && now.discarded == discarded) return true;
      std::this_thread::yield();
    }
    return false;
  };
  REQUIRE(counts_become(1, 0));
  bench.clock->advance(24h * 7 + 1min);
  CHECK(counts_become(0, 0));
  bench.clock->advance(24h * 23);
  REQUIRE(counts_become(0, 1));
  CHECK(bench.dispatcher->delivery(waiting->deliveries[0].id)->error ==
        "waited longer than retention allows");
  bench.clock->advance(24h * 31);
  CHECK(counts_become(0, 0));
}

TEST_CASE("What was stored though nobody could tell is delivered all the same") {
  const auto store = std::make_shared<FailingStore>(std::make_shared<MemoryStore>());
  DispatcherOptions options;
  options.store = store;
  Bench bench(options);
  SECTION("an import that waits for its turn") {
    Webhook webhook = webhook_to();
    webhook.ordering = Ordering::fifo;
    bench.add(webhook);
    store->unknown = true;
    const auto refused = bench.dispatcher->dispatch(completed_import());
    CHECK(refused.error().code == ErrorCode::commit_unknown);
    CHECK(bench.transport->wait_for_requests(1, kPatience));
  }
  SECTION("one that was to go out at once, when its lease has ended") {
    bench.add(webhook_to());
    REQUIRE(bench.dispatcher->dispatch(completed_import("1")));
    REQUIRE(bench.dispatcher->flush(kPatience));
    store->unknown = true;
    CHECK_FALSE(bench.dispatcher->dispatch(completed_import("2")));
    bench.clock->advance(80s);
    CHECK_FALSE(bench.transport->wait_for_requests(2, 50ms));
    bool sent = false;
    for (int tries = 0; tries < 200 && !sent; ++tries) {
      bench.clock->advance(1s);
      sent = bench.transport->wait_for_requests(2, 50ms);
    }
    CHECK(sent);
  }
  SECTION("a replay") {
    bench.add(webhook_to());
    REQUIRE(bench.dispatcher->dispatch(completed_import()));
    REQUIRE(bench.dispatcher->flush(kPatience));
    store->unknown = true;
    const auto refused = bench.dispatcher->replay(bench.only_delivery().id);
    CHECK(refused.error().code == ErrorCode::commit_unknown);
    CHECK(bench.transport->wait_for_requests(2, kPatience));
  }
  SECTION("a pause") {
    bench.add(webhook_to());
    store->unknown = true;
    CHECK_FALSE(bench.dispatcher->pause());
    store->unknown = false;
    while (!bench.dispatcher->stats()->paused) std::this_thread::yield();
  }
}

TEST_CASE("When a pause returns, what had been ordered before it is out") {
  const auto store = std::make_shared<GatedStore>(std::make_shared<MemoryStore>());
  std::promise<void> go_on;
  std::promise<void> sending;
  std::atomic<int> sent{0};
  DispatcherOptions options;
  options.store = store;
  options.transport = std::make_shared<testing::FunctionTransport>(
      [&, released = go_on.get_future().share()](const HttpRequest&, auto completion) {
        if (++sent == 2) {
          sending.set_value();
          released.wait();
        }
        completion(testing::status(200));
      });
  Bench bench(options);
  bench.add(webhook_to());
  REQUIRE(bench.dispatcher->dispatch(completed_import("1")));
  REQUIRE(bench.dispatcher->flush(kPatience));
  // A round is under way while a request is being sent.
  store->set_open(false);
  REQUIRE(bench.dispatcher->resume());
  store->wait_for_round();
  REQUIRE(bench.dispatcher->dispatch(completed_import("2")));
  REQUIRE(sending.get_future().wait_for(kPatience) == std::future_status::ready);
  auto paused = std::async(std::launch::async, [&] { return bench.dispatcher->pause(); });
  store->wait_for_pause();
  store->set_open(true);
  while (!bench.dispatcher->stats()->paused) std::this_thread::yield();
  CHECK(paused.wait_for(100ms) == std::future_status::timeout);
  go_on.set_value();
  CHECK(paused.get());
}
