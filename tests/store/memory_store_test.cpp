#include "hookline/memory_store.hpp"

#include "catch.hpp"
#include "store/delivery_store_contract.hpp"

using namespace hookline;

namespace {

NewEvent event_of(std::size_t bytes) {
  NewEvent event;
  event.message_id = "msg_1";
  event.managed_body = std::make_shared<const std::string>(bytes, 'x');
  NewDelivery delivery;
  delivery.lane = {"", "wh", ""};
  event.deliveries = {delivery};
  return event;
}

Result<std::vector<DeliveryId>> append(MemoryStore& store, std::size_t bytes) {
  std::vector<NewEvent> events;
  events.push_back(event_of(bytes));
  return store.append(std::move(events)).front();
}

void deliver_all(MemoryStore& store) {
  StoreWork work;
  work.claims = {{{"", "wh", ""}, 1000, false}};
  work.lease_until = DueTime::max();
  auto reply = store.exchange(work).value();
  StoreWork record;
  for (const Claim& claim : reply.claimed.at(0).claims) {
    Outcome outcome;
    outcome.kind = Outcome::Kind::delivered;
    outcome.claim = claim;
    record.outcomes.push_back(outcome);
  }
  REQUIRE(store.exchange(record));
}

}  // namespace

TEST_CASE("The memory store keeps the contract of delivery stores") {
  fakes::check_delivery_store_contract([] { return std::make_unique<MemoryStore>(); });
}

TEST_CASE(
    "A memory store that is full of unfinished deliveries refuses more and keeps what it has") {
  MemoryStoreOptions limits;
  limits.max_deliveries = 3;
  MemoryStore store(limits);
  for (int i = 0; i < 3; ++i) REQUIRE(append(store, 10));
  const auto refused = append(store, 10);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::store_full);
  CHECK(store.counts()->pending == 3);
}

TEST_CASE("Finished deliveries leave a full memory store first, the oldest before the others") {
  MemoryStoreOptions limits;
  limits.max_deliveries = 3;
  MemoryStore store(limits);
  for (int i = 0; i < 3; ++i) REQUIRE(append(store, 10));
  deliver_all(store);
  REQUIRE(append(store, 10));
  CHECK(store.find(1).error().code == ErrorCode::delivery_not_found);
  CHECK(store.find(2));
  CHECK(store.counts()->delivered == 2);
  CHECK(store.counts()->pending == 1);
}

TEST_CASE("A memory store is bounded by bytes, and what leaves makes room again") {
  MemoryStoreOptions limits;
  limits.max_bytes = 100'000;
  MemoryStore store(limits);
  for (int round = 0; round < 20; ++round) {
    REQUIRE(append(store, 40'000));
    REQUIRE(append(store, 40'000));
    CHECK(append(store, 40'000).error().code == ErrorCode::store_full);
    deliver_all(store);
  }
  CHECK(append(store, 200'000).error().code == ErrorCode::store_full);
}

TEST_CASE("A body is kept once, however many deliveries share it") {
  MemoryStoreOptions limits;
  limits.max_bytes = 200'000;
  MemoryStore store(limits);
  NewEvent event = event_of(100'000);
  event.deliveries.resize(50, event.deliveries[0]);
  std::vector<NewEvent> events;
  events.push_back(std::move(event));
  CHECK(store.append(std::move(events)).front());
}

TEST_CASE("Everything that a stranger can make long counts, attempts too") {
  MemoryStoreOptions limits;
  limits.max_bytes = 100'000;
  MemoryStore store(limits);
  NewEvent event = event_of(10);
  event.deliveries[0].url = std::string(200'000, 'u');
  std::vector<NewEvent> events;
  events.push_back(event);
  CHECK(store.append(events).front().error().code == ErrorCode::store_full);
  events[0].deliveries[0].url.clear();
  events[0].tenant = std::string(200'000, 't');
  CHECK(store.append(events).front().error().code == ErrorCode::store_full);

  for (int i = 0; i < 10; ++i) REQUIRE(append(store, 10));
  StoreWork claim;
  claim.claims = {{{"", "wh", ""}, 10, false}};
  claim.lease_until = DueTime::max();
  const StoreReply reply = store.exchange(claim).value();
  StoreWork record;
  for (const Claim& each : reply.claimed.at(0).claims) {
    Outcome outcome;
    outcome.kind = Outcome::Kind::delivered;
    outcome.claim = each;
    outcome.attempt = Attempt();
    outcome.attempt->response_body = std::string(30'000, 'r');
    record.outcomes.push_back(outcome);
  }
  REQUIRE(store.exchange(record));
  CHECK(store.counts()->delivered < 5);  // the others have made room
}
