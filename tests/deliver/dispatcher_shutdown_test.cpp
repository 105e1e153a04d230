// The end of a dispatcher, in whatever state it is, and everything at once.
#include <atomic>
#include <mutex>
#include <random>
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

/// Shuts a dispatcher down and says whether that took no longer than it may.
bool ends_within(Dispatcher& dispatcher, std::chrono::milliseconds timeout) {
  const auto begin = std::chrono::steady_clock::now();
  dispatcher.shutdown(timeout);
  // The machine may be busy: what is asked is that nothing waits for ever.
  return std::chrono::steady_clock::now() - begin < timeout + 5s;
}

}  // namespace

TEST_CASE("A shutdown is bounded while the store fails, and what it had accepted is there later") {
  const auto memory = std::make_shared<MemoryStore>();
  const auto failing = std::make_shared<FailingStore>(memory);
  DispatcherOptions options;
  options.store = failing;
  Bench bench(options);
  bench.add(webhook_to());
  REQUIRE(bench.registry.pause(bench.registry.list()->webhooks[0].id));
  REQUIRE(bench.dispatcher->dispatch(completed_import()));
  failing->failing = true;
  CHECK(bench.dispatcher->dispatch(completed_import("2")).error().code == ErrorCode::store_failed);
  CHECK(ends_within(*bench.dispatcher, 200ms));
  CHECK(memory->counts()->pending + memory->counts()->in_flight == 1);
}

TEST_CASE("A store that fails for a while costs no delivery and sends none twice") {
  const auto failing = std::make_shared<FailingStore>(std::make_shared<MemoryStore>());
  DispatcherOptions options;
  options.store = failing;
  Bench bench(options);
  bench.add(webhook_to());
  REQUIRE(bench.dispatcher->dispatch(completed_import("1")));
  REQUIRE(bench.dispatcher->flush(kPatience));
  std::atomic<bool> done{false};
  std::thread operator_at_work([&] {
    for (int i = 0; i < 20 && !done; ++i) {
      failing->failing = i % 2 == 0;
      bench.clock->advance(6s);  // the core waits five seconds at most before it tries again
      std::this_thread::sleep_for(5ms);
    }
    failing->failing = false;
  });
  std::size_t accepted = 1;
  for (int i = 0; i < 200; ++i) {
    if (bench.dispatcher->dispatch(completed_import(std::to_string(i)))) ++accepted;
  }
  operator_at_work.join();
  bench.clock->advance(6s);
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.transport->requests().size() == accepted);
}

TEST_CASE(
    "A shutdown is bounded while sending is paused, while lanes rest and while it is offline") {
  Bench bench;
  for (int i = 0; i < 4; ++i) {
    bench.add(webhook_to("https://host" + std::to_string(i) + ".example.com/"));
  }
  SECTION("paused") {
    REQUIRE(bench.dispatcher->pause());
    REQUIRE(bench.dispatcher->dispatch(completed_import()));
  }
  SECTION("resting") {
    bench.transport->answer(testing::status(500));
    for (int i = 0; i < 20; ++i) {
      REQUIRE(bench.dispatcher->dispatch(completed_import(std::to_string(i))));
    }
    REQUIRE(bench.transport->wait_for_requests(20, kPatience));
  }
  SECTION("offline") {
    bench.transport->answer(testing::failure(FailureClass::connect));
    for (int i = 0; i < 20; ++i) {
      REQUIRE(bench.dispatcher->dispatch(completed_import(std::to_string(i))));
    }
    while (!bench.dispatcher->stats()->offline) std::this_thread::yield();
  }
  CHECK(ends_within(*bench.dispatcher, 1s));
  const auto counts = bench.dispatcher->stats()->deliveries;
  CHECK(counts.pending + counts.in_flight > 0);  // nothing is lost
  CHECK(counts.delivered + counts.exhausted + counts.discarded == 0);
}

TEST_CASE("Everything at once, from many threads, ends with every delivery accounted for") {
  DispatcherOptions options;
  options.retry_schedule = {0s, 1s, 1s};
  std::atomic<std::uint64_t> ended{0};
  struct Count : Observer {
    explicit Count(std::atomic<std::uint64_t>& total) : total_(total) {}
    void on_outcome(const Delivery&) override { ++total_; }
    std::atomic<std::uint64_t>& total_;
  };
  options.observer = std::make_shared<Count>(ended);
  options.observer_queue = 1'000'000;
  std::atomic<int> asked{0};
  options.transport = std::make_shared<testing::FunctionTransport>(
      [&](const HttpRequest&, const Transport::Completion& done) {
        done(testing::status(++asked % 7 == 0 ? 500 : 200));
      });
  Bench bench(options);
  constexpr int kTenants = 4;
  const auto webhook_of = [](int i) {
    Webhook webhook = webhook_to("https://hooks.example.com/", "wh" + std::to_string(i));
    webhook.tenant = "t" + std::to_string(i % kTenants);
    if (i % 3 == 0) webhook.ordering = Ordering::fifo;
    return webhook;
  };
  for (int i = 0; i < 12; ++i) bench.add(webhook_of(i));

  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> accepted{0};
  std::vector<std::thread> threads;
  const auto count = [&](const Result<DispatchReceipt>& receipt) {
    if (receipt && !receipt->repeated) accepted += receipt->deliveries.size();
  };
  for (int worker = 0; worker < 3; ++worker) {
    threads.emplace_back([&, worker] {
      for (int i = 0; i < 150; ++i) {
        Import import = completed_import(std::to_string(worker * 1000 + i));
        import.tenant = "t" + std::to_string(i % kTenants);
        DispatchOptions key;
        key.idempotency_key = "k" + std::to_string(i / 2);
        if (worker == 0) count(bench.dispatcher->dispatch(import, key));
        if (worker == 1) {
          for (const auto& each : bench.dispatcher->dispatch_batch({import, import})) count(each);
        }
        if (worker == 2) bench.dispatcher->dispatch_async(import, count);
      }
    });
  }
  threads.emplace_back([&] {
    std::mt19937 random(7);
    while (!stop) {
      const std::string id = "wh" + std::to_string(random() % 12);
      switch (random() % 7) {
        case 0:
          static_cast<void>(bench.registry.pause(id));
          break;
        case 1:
          static_cast<void>(bench.registry.enable(id));
          break;
        case 2:
          static_cast<void>(bench.dispatcher->metrics());
          break;
        case 3:
          static_cast<void>(bench.dispatcher->lanes());
          break;
        case 4:
          static_cast<void>(bench.dispatcher->pause());
          static_cast<void>(bench.dispatcher->resume());
          break;
        case 5: {
          DeliveryQuery query;
          query.webhook_id = id;
          static_cast<void>(bench.dispatcher->discard(query));
          break;
        }
        default:
          bench.clock->advance(400ms);
      }
    }
  });
  for (std::size_t i = 0; i < 3; ++i) threads[i].join();
  stop = true;
  threads[3].join();
  for (int i = 0; i < 12; ++i) static_cast<void>(bench.registry.enable("wh" + std::to_string(i)));
  REQUIRE(bench.dispatcher->resume());
  bool done = false;
  for (int i = 0; i < 400 && !done; ++i) {
    bench.clock->advance(5min);
    done = bench.dispatcher->flush(20ms);
  }
  REQUIRE(done);
  bench.dispatcher->shutdown(kPatience);
  const auto stats = bench.dispatcher->stats().value();
  CHECK(stats.deliveries.delivered + stats.deliveries.exhausted + stats.deliveries.discarded ==
        accepted);
  CHECK(stats.observer_dropped == 0);
  CHECK(ended == accepted);  // each was told of exactly once
}
