// How imports are accepted: keys that make a dispatch repeatable, quotas, many at a time, and
// without waiting.
#include <atomic>
#include <future>
#include <mutex>
#include <thread>

#include "catch.hpp"
#include "fakes/samples.hpp"
#include "hookline/dispatcher.hpp"

using namespace hookline;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 10s;

DispatchOptions key(std::string text) {
  DispatchOptions options;
  options.idempotency_key = std::move(text);
  return options;
}

}  // namespace

TEST_CASE("The same key with the same import gives the first receipt and one delivery") {
  Bench bench;
  bench.add(webhook_to());
  const auto first = bench.dispatcher->dispatch(completed_import(), key("k"));
  bench.add(webhook_to("https://later.example.com/"));
  const auto second = bench.dispatcher->dispatch(completed_import(), key("k"));
  REQUIRE(first);
  REQUIRE(second);
  CHECK_FALSE(first->repeated);
  CHECK(second->repeated);
  CHECK(second->message_id == first->message_id);
  REQUIRE(second->deliveries.size() == 1);
  CHECK(second->deliveries[0].id == first->deliveries[0].id);
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.transport->requests().size() == 1);
}

TEST_CASE("The same key with another import is an error, whichever field differs") {
  Bench bench;
  bench.add(webhook_to());
  REQUIRE(bench.dispatcher->dispatch(completed_import(), key("k")));
  const auto conflict = [&](auto change) {
    Import import = completed_import();
    change(import);
    const auto result = bench.dispatcher->dispatch(import, key("k"));
    return !result && result.error().code == ErrorCode::idempotency_conflict;
  };
  CHECK(conflict([](Import& i) { i.id = "another"; }));
  CHECK(conflict([](Import& i) { i.filename.reset(); }));
  CHECK(conflict([](Import& i) { i.user = User(); }));
  CHECK(conflict([](Import& i) { i.created_date += 1us; }));
  CHECK(conflict([](Import& i) { i.num_data_rows = 4; }));
  CHECK(conflict([](Import& i) { i.development_mode = true; }));
  CHECK(conflict([](Import& i) { i.has_data = false; }));
  CHECK(conflict([](Import& i) { i.import_identifier = "contact"; }));
  CHECK(conflict([](Import& i) { i.saved_schema_id = "s"; }));
  CHECK(conflict([](Import& i) { i.webhook_url = "https://a.example.com/"; }));
  CHECK(bench.dispatcher->deliveries()->deliveries.size() == 1);
}

TEST_CASE("A key belongs to its tenant, and is free again after a day") {
  Bench bench;
  bench.add(webhook_to());
  REQUIRE(bench.dispatcher->dispatch(completed_import(), key("k")));
  Import other = completed_import();
  other.tenant = "other";
  CHECK_FALSE(bench.dispatcher->dispatch(other, key("k"))->repeated);
  bench.clock->advance(24h - 1s);
  CHECK(bench.dispatcher->dispatch(completed_import(), key("k"))->repeated);
  bench.clock->advance(2s);
  CHECK_FALSE(bench.dispatcher->dispatch(completed_import(), key("k"))->repeated);
}

TEST_CASE("A key is kept for an import that nobody wanted, too") {
  Bench bench;
  REQUIRE(bench.dispatcher->dispatch(completed_import(), key("k")));
  bench.add(webhook_to());
  const auto again = bench.dispatcher->dispatch(completed_import(), key("k"));
  CHECK(again->repeated);
  CHECK(again->deliveries.empty());
}

TEST_CASE("A key that cannot be used is an error that names it") {
  Bench bench;
  for (const auto& bad :
       {std::string(), std::string(256, 'k'), std::string("\xff"), std::string("a\0b", 3)}) {
    const auto result = bench.dispatcher->dispatch(completed_import(), key(bad));
    REQUIRE_FALSE(result);
    CHECK(result.error().code == ErrorCode::invalid_idempotency_key);
    CHECK(result.error().message.substr(0, 16) == "idempotency_key:");
  }
}

TEST_CASE("Of many threads with one key one dispatches, and all get the same receipt") {
  Bench bench;
  bench.add(webhook_to());
  std::vector<std::thread> threads;
  std::mutex mutex;
  std::vector<DispatchReceipt> receipts;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int k = 0; k < 50; ++k) {
        auto receipt = bench.dispatcher->dispatch(completed_import(std::to_string(k)),
                                                  key("k" + std::to_string(k)));
        const std::lock_guard lock(mutex);
        receipts.push_back(receipt.value());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.transport->requests().size() == 50);
  std::size_t firsts = 0;
  for (const DispatchReceipt& receipt : receipts) firsts += receipt.repeated ? 0 : 1;
  CHECK(firsts == 50);
}

TEST_CASE("A flush waits for what its thread has dispatched, whatever other threads do") {
  Bench bench;
  bench.add(webhook_to());
  std::atomic<int> too_early{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (int k = 0; k < 100; ++k) {
        const auto id = std::to_string(i * 1000 + k);
        const auto receipt = bench.dispatcher->dispatch(completed_import(id));
        const bool flushed = bench.dispatcher->flush(kPatience);
        const auto delivery = bench.dispatcher->delivery(receipt->deliveries.at(0).id);
        if (!flushed || !delivery->finished_at) ++too_early;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(too_early == 0);
}

TEST_CASE("Over a quota a dispatch is refused, and goes through when something has ended") {
  DispatcherOptions options;
  options.quotas.pending_per_tenant = 2;
  Bench bench(options);
  Webhook webhook = bench.add(webhook_to());
  Webhook other = webhook_to();
  other.tenant = "other";
  bench.add(other);
  REQUIRE(bench.registry.pause(webhook.id));
  for (const auto* id : {"1", "2"}) REQUIRE(bench.dispatcher->dispatch(completed_import(id)));
  const auto refused = bench.dispatcher->dispatch(completed_import("3"));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::quota_exceeded);
  Import of_other = completed_import("4");
  of_other.tenant = "other";
  CHECK(bench.dispatcher->dispatch(of_other));
  REQUIRE(bench.registry.enable(webhook.id));
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.dispatcher->dispatch(completed_import("3")));
}

TEST_CASE("A batch stores what can be stored and answers for each import in its place") {
  Bench bench;
  bench.add(webhook_to());
  Import bad = completed_import("");
  const std::vector<Import> imports = {completed_import("1"), bad, completed_import("3")};
  const auto results = bench.dispatcher->dispatch_batch(imports);
  REQUIRE(results.size() == 3);
  CHECK(results[0]->import_id == "1");
  CHECK(results[1].error().code == ErrorCode::invalid_import);
  CHECK(results[2]->import_id == "3");
  REQUIRE(bench.dispatcher->flush(kPatience));
  CHECK(bench.transport->requests().size() == 2);
  CHECK(bench.dispatcher->dispatch_batch({}).empty());
}

TEST_CASE("A batch takes a key for each import, or none at all") {
  Bench bench;
  bench.add(webhook_to());
  const std::vector<Import> imports = {completed_import("1"), completed_import("1")};
  const auto results = bench.dispatcher->dispatch_batch(imports, {key("k"), key("k")});
  CHECK_FALSE(results[0]->repeated);
  CHECK(results[1]->repeated);
  for (const auto& result : bench.dispatcher->dispatch_batch(imports, {key("k")})) {
    CHECK(result.error().code == ErrorCode::invalid_options);
  }
}

TEST_CASE("An asynchronous dispatch tells the result exactly once, from another thread") {
  Bench bench;
  bench.add(webhook_to());
  std::atomic<int> told{0};
  std::promise<std::thread::id> thread;
  bench.dispatcher->dispatch_async(completed_import(), [&](Result<DispatchReceipt> receipt) {
    CHECK(receipt.value().deliveries.size() == 1);
    if (++told == 1) thread.set_value(std::this_thread::get_id());
  });
  CHECK(thread.get_future().get() != std::this_thread::get_id());
  REQUIRE(bench.dispatcher->flush(kPatience));
  bench.dispatcher->shutdown(1s);
  CHECK(told == 1);
}

TEST_CASE("Whatever waits when it is shut down hears of it, and nothing is told twice") {
  constexpr int kImports = 500;
  std::atomic<int> accepted{0};
  std::atomic<int> refused{0};
  Bench bench;
  bench.add(webhook_to());
  for (int i = 0; i < kImports; ++i) {
    bench.dispatcher->dispatch_async(completed_import(std::to_string(i)),
                                     [&](const Result<DispatchReceipt>& receipt) {
                                       if (!receipt) {
                                         CHECK(receipt.error().code == ErrorCode::shut_down);
                                       }
                                       ++(receipt ? accepted : refused);
                                     });
    if (i == kImports / 2) std::thread([&] { bench.dispatcher->shutdown(1s); }).join();
  }
  CHECK(accepted + refused == kImports);
  CHECK(refused >= kImports / 2 - 1);
}

TEST_CASE("A callback may dispatch, and a queue that is full says so at once") {
  DispatcherOptions options;
  options.async_queue = 1;
  Bench bench(options);
  bench.add(webhook_to());
  std::promise<void> blocked;
  std::promise<void> go;
  bench.dispatcher->dispatch_async(completed_import("1"), [&](const auto& receipt) {
    CHECK(receipt);
    CHECK(bench.dispatcher->dispatch(completed_import("inside")));
    blocked.set_value();
    go.get_future().wait();
  });
  blocked.get_future().wait();
  std::atomic<int> later{0};
  bench.dispatcher->dispatch_async(completed_import("2"), [&](const auto&) { ++later; });
  std::optional<ErrorCode> code;
  bench.dispatcher->dispatch_async(completed_import("3"),
                                   [&](const auto& result) { code = result.error().code; });
  CHECK(code == ErrorCode::overloaded);
  CHECK(bench.dispatcher->metrics()->find(
            "hookline_dispatch_errors_total{code=\"overloaded\"} 1") != std::string::npos);
  go.set_value();
  bench.dispatcher->shutdown(kPatience);
  CHECK(later == 1);
}

TEST_CASE("A callback may shut the dispatcher down, and so may others at the same time") {
  Bench bench;
  bench.add(webhook_to());
  std::thread another;
  std::promise<void> told;
  bench.dispatcher->dispatch_async(completed_import(), [&](const auto& receipt) {
    CHECK(receipt);
    another = std::thread([&] { bench.dispatcher->shutdown(1s); });
    bench.dispatcher->shutdown(1s);
    told.set_value();
  });
  told.get_future().wait();
  bench.dispatcher->shutdown(1s);
  another.join();
  CHECK(bench.dispatcher->dispatch(completed_import()).error().code == ErrorCode::shut_down);
}
