#include "hookline/memory_store.hpp"

#include <algorithm>
#include <string>

#include "catch.hpp"
#include "store/delivery_store_contract.hpp"
#include "store/shelf.hpp"

using namespace hookline;
using namespace hookline::fakes;

namespace {

NewEvent event_of(std::size_t bytes) {
  NewEvent event = event_with({delivery_to(lane("wh"))});
  event.managed_body = std::make_shared<const std::string>(bytes, 'x');
  event.basic_body.reset();
  return event;
}

Shelf shelf_of(std::size_t deliveries, std::size_t bytes = MemoryStoreOptions().max_bytes) {
  MemoryStoreOptions limits;
  limits.max_deliveries = deliveries;
  limits.max_bytes = bytes;
  return Shelf(std::make_unique<MemoryStore>(limits));
}

}  // namespace

TEST_CASE("The memory store keeps the contract of delivery stores") {
  check_delivery_store_contract([] { return std::make_unique<MemoryStore>(); });
}

TEST_CASE(
    "A memory store that is full of unfinished deliveries refuses more and keeps what it has") {
  const Shelf shelf = shelf_of(3);
  for (int i = 0; i < 3; ++i) shelf.append(event_of(10));
  CHECK(shelf.try_append(event_of(10)).error().code == ErrorCode::store_full);
  CHECK(shelf.store->replay(1, moment(0)).error().code == ErrorCode::store_full);
  CHECK(shelf.store->counts()->pending == 3);
}

TEST_CASE("Finished deliveries leave a full memory store first, the oldest before the others") {
  const Shelf shelf = shelf_of(3);
  const DeliveryId first = shelf.append(event_of(10)).ids.at(0);
  const DeliveryId second = shelf.append(event_of(10)).ids.at(0);
  const DeliveryId third = shelf.append(event_of(10)).ids.at(0);
  const auto claims = shelf.claim(lane("wh"), 3, 0).claims;
  REQUIRE(claims.size() == 3);
  shelf.record(claims[1], Outcome::Kind::exhausted, 1);
  shelf.record(claims[0], Outcome::Kind::delivered, 2);
  shelf.record(claims[2], Outcome::Kind::exhausted, 3);
  shelf.append(event_of(10));
  CHECK_FALSE(shelf.has(second));
  shelf.append(event_of(10));
  CHECK_FALSE(shelf.has(first));
  CHECK(shelf.has(third));
}

TEST_CASE("A memory store is bounded by bytes, and what leaves makes room again") {
  const Shelf shelf = shelf_of(1'000, 100'000);
  for (int round = 0; round < 20; ++round) {
    shelf.append(event_of(40'000));
    shelf.append(event_of(40'000));
    CHECK(shelf.try_append(event_of(40'000)).error().code == ErrorCode::store_full);
    shelf.finish(lane("wh"), Outcome::Kind::delivered, round);
  }
}

TEST_CASE("What can never fit into a memory store drives nothing out of it") {
  const Shelf shelf = shelf_of(1'000, 100'000);
  const DeliveryId id = shelf.append(event_of(10)).ids.at(0);
  shelf.finish(lane("wh"), Outcome::Kind::delivered, 1);
  CHECK(shelf.try_append(event_of(200'000)).error().code == ErrorCode::store_full);
  CHECK(shelf.has(id));
}

TEST_CASE("A body is kept once, however many deliveries share it") {
  const Shelf shelf = shelf_of(1'000, 200'000);
  NewEvent event = event_of(100'000);
  event.deliveries.resize(50, event.deliveries[0]);
  CHECK(shelf.try_append(event));
}

TEST_CASE("Everything that a stranger can make long counts, attempts too") {
  const Shelf shelf = shelf_of(1'000, 100'000);
  const std::string text(200'000, 'x');
  const auto is_too_long = [&](const NewEvent& event) {
    const auto result = shelf.try_append(event);
    return !result && result.error().code == ErrorCode::store_full;
  };
  NewEvent event = event_of(10);
  event.deliveries[0].url = text;
  CHECK(is_too_long(event));
  event = event_of(10);
  event.tenant = text;
  CHECK(is_too_long(event));
  event = event_of(10);
  event.receipt.import_id = text;
  CHECK(is_too_long(event));
  CHECK(is_too_long(with_key(event_with({}), text)));
  CHECK(is_too_long(with_key(event_with({}), "k", text)));

  for (int i = 0; i < 10; ++i) shelf.append(event_of(10));
  StoreWork record;
  for (const Claim& claim : shelf.claim(lane("wh"), 10, 0).claims) {
    Outcome outcome;
    outcome.kind = Outcome::Kind::delivered;
    outcome.claim = claim;
    outcome.attempt = Attempt();
    outcome.attempt->response_body = std::string(30'000, 'r');
    record.outcomes.push_back(outcome);
  }
  shelf.work(record, 1);
  CHECK(shelf.store->counts()->delivered < 5);  // the others have made room
  CHECK(shelf.store->counts()->delivered > 0);
}

TEST_CASE("Keys take room in a memory store until they expire") {
  const Shelf shelf = shelf_of(1'000, 100'000);
  int kept = 0;
  while (shelf.try_append(with_key(event_with({}), std::to_string(kept)))) {
    REQUIRE(++kept < 10'000);
  }
  CHECK(kept > 10);
  CHECK(shelf.try_append(event_of(10)).error().code == ErrorCode::store_full);
  StoreWork prune;
  prune.prune = 10'000;
  shelf.work(prune, kDay);
  CHECK(shelf.try_append(event_of(10)));
}

TEST_CASE("Dropped bodies make room in a memory store") {
  const Shelf shelf = shelf_of(1'000, 100'000);
  const DeliveryId id = shelf.append(event_of(90'000)).ids.at(0);
  shelf.finish(lane("wh"), Outcome::Kind::delivered, 1);
  StoreWork prune;
  prune.prune = 1;
  prune.retention.bodies = std::chrono::seconds(1);
  shelf.work(prune, 2'000);
  CHECK(shelf.try_append(event_of(90'000)));
  CHECK(shelf.has(id));
}

TEST_CASE("A replay in a full memory store outlives the record that it repeats") {
  const Shelf shelf = shelf_of(1);
  const DeliveryId id = shelf.append(event_of(10)).ids.at(0);
  shelf.finish(lane("wh"), Outcome::Kind::exhausted, 1);
  REQUIRE(shelf.store->replay(id, moment(2)));
  CHECK_FALSE(shelf.has(id));
  const Claim claim = shelf.take(lane("wh"), 3);
  CHECK(claim.replay_of == id);
  CHECK(claim.body->size() == 10);
}

TEST_CASE("A full memory store has room to recover what it has kept") {
  const Shelf shelf = shelf_of(5);
  for (int i = 0; i < 4; ++i) shelf.append(event_of(10));
  shelf.finish(lane("wh"), Outcome::Kind::exhausted, 1);
  shelf.append(event_of(10));
  shelf.append(event_of(10));  // the oldest leaves
  RecoverQuery query;
  query.lane = lane("wh");
  query.up_to = 4;
  CHECK(shelf.store->recover(query, moment(2))->count == 3);
  CHECK(shelf.store->counts()->pending == 5);
  CHECK(shelf.listed().size() == 5);
}

TEST_CASE("A tenant with many lanes that are due waits for its turn over small rounds too") {
  const Shelf shelf = shelf_of(1'000);
  for (int i = 0; i < 100; ++i) shelf.put(lane("w" + std::to_string(i), "big"));
  shelf.put(lane("a", "small"), "msg_2", 50);
  shelf.put(lane("b", "small"), "msg_3", 50);
  shelf.put(lane("a", "late"), "msg_4", 150);
  const auto tenants_of_six_rounds = [&](std::int64_t now, std::int64_t step) {
    std::vector<std::string> tenants;
    for (int round = 0; round < 6; ++round) {
      tenants.push_back(shelf.list(1, now + round * step).at(0).tenant);
    }
    return tenants;
  };
  SECTION("as time goes on") {
    CHECK(tenants_of_six_rounds(100, 100) ==
          std::vector<std::string>{"big", "small", "big", "late", "small", "big"});
  }
  SECTION("at one time") {
    CHECK(tenants_of_six_rounds(200, 0) ==
          std::vector<std::string>{"big", "small", "late", "big", "small", "big"});
  }
}

TEST_CASE("A tenant that is erased leaves no hold in a memory store") {
  const Shelf shelf = shelf_of(1'000);
  shelf.hold(lane("a"), DueTime::max());
  shelf.hold(lane("a", "u"), DueTime::max());
  REQUIRE(shelf.store->erase({"t", {}}, 100));
  shelf.put(lane("a"));
  shelf.put(lane("a", "u"));
  CHECK(shelf.list(5, 1) == std::vector<LaneKey>{lane("a")});
}
