// How a dispatcher lives and ends inside a host: shutdown in every state, callbacks that call back,
// transports that answer late.

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "catch.hpp"
#include "fakes/samples.hpp"
#include "hookline/memory_store.hpp"

using namespace hookline;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 10s;

/// Where a registry lives on a disk that hangs until the test lets it go.
class HangingWebhooks final : public WebhookStore {
 public:
  Result<WebhookChanges> changes(std::uint64_t) const override { return WebhookChanges(); }
  Result<std::uint64_t> write(const std::vector<WebhookWrite>& writes) override {
    if (hangs) go.get_future().wait();
    return version_ += writes.size();
  }
  std::shared_ptr<void> on_foreign_write(std::function<void()>) override { return nullptr; }

  std::atomic<bool> hangs{false};
  std::promise<void> go;

 private:
  std::uint64_t version_ = 0;
};

/// Keeps completions until the test lets them go.
class HeldTransport final : public Transport {
 public:
  void send(HttpRequest, Completion completion) override {
    const std::lock_guard lock(mutex_);
    held_.push_back(std::move(completion));
    ++sent;
  }
  void release(const HttpResult& result) {
    std::vector<Completion> held;
    {
      const std::lock_guard lock(mutex_);
      held.swap(held_);
    }
    for (Completion& completion : held) completion(result);
  }
  bool wait_for(int count) const {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (sent < count && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return sent >= count;
  }

  std::atomic<int> sent{0};

 private:
  std::mutex mutex_;
  std::vector<Completion> held_;
};

}  // namespace

TEST_CASE("Shutdown waits for requests that are out and records their answers") {
  DispatcherOptions options;
  auto transport = std::make_shared<HeldTransport>();
  options.transport = transport;
  Bench bench(options);
  bench.add(webhook_to());
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(transport->wait_for(1));
  std::thread answer([&] {
    std::this_thread::sleep_for(20ms);
    transport->release(testing::status(200));
  });
  const ShutdownReport report = bench.dispatcher->shutdown(kPatience);
  answer.join();
  CHECK(report.abandoned == 0);
  CHECK(report.pending == 0);
  CHECK(bench.only_delivery().status == DeliveryStatus::delivered);
}

TEST_CASE("Shutdown returns in time when no answer comes, and the late answer hurts nobody") {
  DispatcherOptions options;
  auto transport = std::make_shared<HeldTransport>();
  options.transport = transport;
  auto bench = std::make_unique<Bench>(options);
  bench->add(webhook_to());
  REQUIRE(bench->dispatcher->dispatch(completed_import()));
  REQUIRE(transport->wait_for(1));
  const auto start = std::chrono::steady_clock::now();
  const ShutdownReport report = bench->dispatcher->shutdown(50ms);
  CHECK(std::chrono::steady_clock::now() - start < 2s);
  CHECK(report.abandoned == 1);
  CHECK(bench->only_delivery().status == DeliveryStatus::in_flight);
  bench.reset();
  transport->release(testing::status(200));
}

TEST_CASE("A dispatcher that has been shut down refuses imports and says why") {
  Bench bench;
  bench.add(webhook_to());
  bench.dispatcher->shutdown(kPatience);
  CHECK(bench.dispatcher->dispatch(completed_import()).error().code == ErrorCode::shut_down);
  CHECK(bench.dispatcher->replay(1).error().code != ErrorCode::invalid_import);
  CHECK(bench.dispatcher->shutdown(0ms).pending == 0);
}

TEST_CASE("What waits at shutdown stays in the store for the next dispatcher") {
  WebhookRegistry registry(loopback_policy());
  REQUIRE(registry.add(webhook_to()));
  DispatcherOptions options;
  options.store = std::make_shared<MemoryStore>();
  auto transport = std::make_shared<testing::RecordingTransport>();
  auto clock = std::make_shared<testing::ManualClock>();
  options.transport = transport;
  options.clock = clock;
  transport->answer(testing::status(500));
  auto first = Dispatcher::create(registry, options).value();
  REQUIRE(first->dispatch(completed_import()));
  REQUIRE(transport->wait_for_requests(1, kPatience));
  while (first->attempts(1)->empty()) std::this_thread::yield();
  CHECK(first->shutdown(kPatience).pending == 1);

  transport->answer(testing::status(200));
  auto second = Dispatcher::create(registry, options).value();
  clock->advance(6s);
  REQUIRE(transport->wait_for_requests(2, kPatience));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (second->stats()->deliveries.delivered == 0 &&
         std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  CHECK(second->stats()->deliveries.delivered == 1);
}

TEST_CASE("What waits for a webhook that was never heard of waits on, and goes when it is there") {
  const auto store = std::make_shared<MemoryStore>();
  DispatcherOptions options;
  options.store = store;
  {
    Bench first(options);
    first.transport->answer(testing::status(500));
    first.add(webhook_to("https://a.example.com/", "crm"));
    REQUIRE(first.dispatcher->dispatch(completed_import()));
    REQUIRE(first.wait_for_attempts(1));
  }
  Bench second(options);  // its registry has not been filled yet
  second.clock->advance(1h);
  std::this_thread::sleep_for(50ms);
  CHECK(store->counts()->discarded == 0);
  second.add(webhook_to("https://a.example.com/", "crm"));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (store->counts()->delivered == 0 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  CHECK(store->counts()->delivered == 1);
}

TEST_CASE("An observer may dispatch from its callback and hears things in order") {
  struct Chain : Observer {
    Dispatcher* dispatcher = nullptr;
    std::mutex mutex;
    std::vector<std::string> heard;
    std::atomic<int> outcomes{0};
    void say(std::string what) {
      const std::lock_guard lock(mutex);
      heard.push_back(std::move(what));
    }
    void on_dispatch(const DispatchReceipt& receipt) override {
      say("dispatch " + receipt.import_id);
    }
    void on_attempt(const Delivery& delivery, const Attempt&) override {
      say("attempt " + delivery.import_id);
    }
    void on_outcome(const Delivery& delivery) override {
      say("outcome " + delivery.import_id);
      if (delivery.import_id == "1") (void)dispatcher->dispatch(completed_import("2"));
      ++outcomes;
    }
  };
  auto observer = std::make_shared<Chain>();
  DispatcherOptions options;
  options.observer = observer;
  Bench bench(options);
  observer->dispatcher = bench.dispatcher.get();
  bench.add(webhook_to());
  REQUIRE(bench.dispatcher->dispatch(completed_import("1")));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (observer->outcomes < 2 && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::yield();
  }
  bench.dispatcher->shutdown(kPatience);
  CHECK(observer->heard == std::vector<std::string>{"dispatch 1", "attempt 1", "outcome 1",
                                                    "dispatch 2", "attempt 2", "outcome 2"});
}

TEST_CASE("An observer that does not keep up holds nothing up, and what it missed is counted") {
  struct Slow : Observer {
    std::mutex gate;
    void on_dispatch(const DispatchReceipt&) override { const std::lock_guard wait(gate); }
  };
  auto observer = std::make_shared<Slow>();
  DispatcherOptions options;
  options.observer = observer;
  options.observer_queue = 5;
  Bench bench(options);
  bench.add(webhook_to());
  {
    const std::lock_guard closed(observer->gate);
    for (int i = 0; i < 50; ++i) {
      REQUIRE(bench.dispatcher->dispatch(completed_import(std::to_string(i))));
    }
    REQUIRE(bench.dispatcher->flush(kPatience));
    CHECK(bench.dispatcher->stats()->observer_dropped >= 40);  // of the 50 dispatches alone
  }
}

TEST_CASE("Webhooks can be removed and added under load") {
  Bench bench;
  for (int i = 0; i < 5; ++i) {
    bench.add(webhook_to("https://a.example/", "wh" + std::to_string(i)));
  }
  std::atomic<bool> stop{false};
  std::thread editor([&] {
    for (int i = 0; !stop; ++i) {
      const std::string id = "wh" + std::to_string(i % 5);
      if (!bench.registry.remove(id))
        (void)bench.registry.add(webhook_to("https://a.example/", id));
    }
  });
  std::size_t accepted = 0;
  for (int i = 0; accepted < 500; ++i) {
    const auto receipt = bench.dispatcher->dispatch(completed_import(std::to_string(i)));
    REQUIRE(receipt);
    accepted += receipt->deliveries.size();
  }
  stop = true;
  editor.join();
  REQUIRE(bench.dispatcher->flush(kPatience));
  const DeliveryCounts counts = bench.dispatcher->stats()->deliveries;
  CHECK(counts.delivered + counts.discarded == accepted);
}

TEST_CASE("An id that comes back under another tenant gets that tenant's events, and no others") {
  DispatcherOptions options;
  auto transport = std::make_shared<HeldTransport>();
  options.transport = transport;
  Bench bench(options);
  const Webhook first = bench.add(webhook_to("https://a.example.com/", "shared-id"));
  REQUIRE(bench.dispatcher->dispatch(completed_import("1")));
  REQUIRE(transport->wait_for(1));  // its request is out while the webhook changes hands
  REQUIRE(bench.registry.remove(first.id));
  Webhook second = webhook_to("https://b.example.com/", "shared-id");
  second.tenant = "other";
  bench.add(second);
  Import import = completed_import("2");
  import.tenant = "other";
  REQUIRE(bench.dispatcher->dispatch(import)->deliveries.size() == 1);
  REQUIRE(transport->wait_for(2));
  transport->release(testing::status(200));
  REQUIRE(bench.dispatcher->flush(kPatience));
  const DeliveryPage page = bench.dispatcher->deliveries().value();
  for (const Delivery& delivery : page.deliveries) {
    CHECK(delivery.status == DeliveryStatus::delivered);
    CHECK(delivery.url ==
          (delivery.tenant.empty() ? "https://a.example.com/" : "https://b.example.com/"));
  }
}

TEST_CASE("A webhook that is removed while its request is out is not waited for any longer") {
  DispatcherOptions options;
  auto transport = std::make_shared<HeldTransport>();
  options.transport = transport;
  Bench bench(options);
  const Webhook webhook = bench.add(webhook_to());
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(transport->wait_for(1));
  REQUIRE(bench.registry.remove(webhook.id));
  bench.dispatcher->flush(20ms);
  transport->release(testing::status(500));
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.only_delivery().status == DeliveryStatus::discarded);
  CHECK(bench.only_delivery().attempts == 1);
}

TEST_CASE("Several dispatchers live in one process without hearing of each other") {
  Bench one;
  Bench two;
  one.add(webhook_to());
  two.add(webhook_to());
  REQUIRE(one.dispatcher->dispatch(completed_import()));
  REQUIRE(one.dispatcher->flush(kPatience));
  CHECK(one.transport->requests().size() == 1);
  CHECK(two.transport->requests().empty());
}

TEST_CASE("A host's signals stay with the host's threads") {
  DispatcherOptions options;
  std::atomic<bool> blocked{false};
  options.transport = std::make_shared<testing::FunctionTransport>(
      [&](const HttpRequest&, Transport::Completion completion) {
        sigset_t mask;
        pthread_sigmask(SIG_SETMASK, nullptr, &mask);
        blocked = sigismember(&mask, SIGPIPE) == 1 && sigismember(&mask, SIGTERM) == 1;
        completion(testing::status(200));
      });
  Bench bench(options);
  bench.add(webhook_to());
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(blocked);
}

TEST_CASE("Waiting for ever is waiting until it is done") {
  DispatcherOptions options;
  auto transport = std::make_shared<HeldTransport>();
  options.transport = transport;
  Bench bench(options);
  bench.add(webhook_to());
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  REQUIRE(transport->wait_for(1));
  std::thread answer([&] {
    std::this_thread::sleep_for(20ms);
    transport->release(testing::status(200));
  });
  CHECK(bench.dispatcher->flush(std::chrono::milliseconds::max()));
  CHECK_FALSE(bench.dispatcher->dispatch(completed_import())->deliveries.empty());
  CHECK_FALSE(bench.dispatcher->flush(std::chrono::milliseconds::min()));
  answer.join();
  REQUIRE(transport->wait_for(2));
  transport->release(testing::status(200));
  CHECK(bench.dispatcher->shutdown(std::chrono::milliseconds::max()).abandoned == 0);
}

TEST_CASE("A forked child that uses its parent's dispatcher gets an error and does not hang") {
  auto bench = std::make_unique<Bench>();
  bench->add(webhook_to());
  const pid_t child = fork();
  if (child == 0) {
    const auto refused = bench->dispatcher->dispatch(completed_import());
    const bool right = !refused && refused.error().code == ErrorCode::forked &&
                       !bench->dispatcher->flush(1s) && !bench->dispatcher->stats();
    bench->dispatcher.reset();
    _exit(right ? 0 : 1);
  }
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  REQUIRE(bench->dispatcher->dispatch(completed_import()));
  CHECK(bench->dispatcher->flush(kPatience));
}

TEST_CASE("A disk on which a webhook is to be disabled holds no request to another one up") {
  const auto disk = std::make_shared<HangingWebhooks>();
  const auto registry = WebhookRegistry::open(disk).value();
  Webhook other = webhook_to("https://other.example.com/");
  other.import_identifiers = {"other"};
  REQUIRE(registry->add(other));
  const Webhook gone = registry->add(webhook_to()).value();
  const auto transport = std::make_shared<testing::RecordingTransport>();
  DispatcherOptions options;
  options.store = std::make_shared<MemoryStore>();
  options.transport = transport;
  const auto dispatcher = Dispatcher::create(*registry, options).value();
  REQUIRE(dispatcher->dispatch(completed_import("1")));
  REQUIRE(dispatcher->flush(kPatience));

  disk->hangs = true;
  transport->answer_next(testing::status(410));
  REQUIRE(dispatcher->dispatch(completed_import("2")));
  REQUIRE(transport->wait_for_requests(2, kPatience));
  Import import = completed_import("3");
  import.import_identifier = "other";
  REQUIRE(dispatcher->dispatch(import));
  CHECK(transport->wait_for_requests(3, kPatience));
  disk->go.set_value();
  dispatcher->shutdown(kPatience);
  CHECK(registry->get(gone.id)->state == WebhookState::disabled);
}
