#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "store/disk_faults.hpp"
#include "store/shelf.hpp"
#include "store/sqlite_file.hpp"
#include "store/waiting_line.hpp"

using namespace hookline;
using namespace hookline::fakes;

TEST_CASE("Concurrent dispatches share commits") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  constexpr int kThreads = 64;
  constexpr int kEach = 25;
  const int before = DiskFaults::syncs;
  std::atomic<int> appended{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const std::string message = "msg_" + std::to_string(t) + "_" + std::to_string(i);
        if (shelf.try_append(event_with({delivery_to(lane("a"))}, message))) ++appended;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(appended == kThreads * kEach);
  CHECK(shelf.store->counts()->pending == kThreads * kEach);
  CHECK(DiskFaults::syncs - before < kThreads * kEach / 4);
}

TEST_CASE("What is wrong with one dispatch does not fail those that share its commit") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  shelf.append(with_key(event_with({delivery_to(lane("a"))}), "k", "one"));
  Quotas quotas;
  quotas.pending_bytes = 1'000;
  std::vector<NewEvent> events;
  events.push_back(event_with({delivery_to(lane("a"))}, "msg_2"));
  events.push_back(with_key(event_with({delivery_to(lane("a"))}, "msg_3"), "k", "other"));
  events.push_back(event_with({delivery_to(lane("a"))}, "msg_4"));
  events.back().managed_body = std::make_shared<const std::string>(5'000, 'x');
  events.push_back(event_with({delivery_to(lane("a"))}, "msg_5"));
  const auto results = shelf.store->append(std::move(events), quotas);
  CHECK(results.at(0));
  CHECK(results.at(1).error().code == ErrorCode::idempotency_conflict);
  CHECK(results.at(2).error().code == ErrorCode::quota_exceeded);
  CHECK(results.at(3));
  CHECK(shelf.store->counts()->pending == 3);
}

TEST_CASE("A round finds what was appended before it in the same commit") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  WaitingLine line(file, std::chrono::milliseconds(30));
  line.add([&] { shelf.put(lane("first")); });
  line.add([&] { shelf.put(lane("a")); });
  std::size_t claimed = 0;
  line.add([&] { claimed = shelf.claim(lane("a"), 1, 1'000).claims.size(); });
  line.go_on();
  CHECK(claimed == 1);
}

TEST_CASE("Rounds, commands and questions go on beside dispatches") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  std::atomic<bool> stop{false};
  std::atomic<int> appended{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      while (!stop) {
        if (shelf.try_append(event_with({delivery_to(lane("a"))}))) ++appended;
      }
    });
  }
  threads.emplace_back([&] {
    while (!stop) {
      static_cast<void>(shelf.store->list({}));
      static_cast<void>(shelf.store->counts());
    }
  });
  std::size_t delivered = 0;
  while (delivered < 500) {
    StoreWork record;
    for (const Claim& claim : shelf.claim(lane("a"), 50, 1'000).claims) {
      Outcome outcome;
      outcome.kind = Outcome::Kind::delivered;
      outcome.claim = claim;
      record.outcomes.push_back(outcome);
    }
    for (const RecordedOutcome& each : shelf.work(record, 1'000).recorded) {
      CHECK(each.recorded);
      ++delivered;
    }
  }
  stop = true;
  for (std::thread& thread : threads) thread.join();
  const DeliveryCounts counts = shelf.store->counts().value();
  CHECK(counts.delivered == delivered);
  CHECK(counts.pending == appended - delivered);
}
