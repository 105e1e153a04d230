#include "catch.hpp"
#include "deliver/core_fixture.hpp"
#include "deliver/delivery_core.hpp"

using namespace hookline;
using namespace hookline::detail;
using namespace hookline::fakes;
using namespace std::chrono_literals;

TEST_CASE("A delivery that is accepted while there is room is sent at once") {
  Started started;
  REQUIRE(started.accept(1, {"t", "wh", ""}));
  CHECK(ids_of(started.core.advance(at(1))) == std::vector<DeliveryId>{1});
  CHECK(started.core.in_flight() == 1);
  CHECK(started.core.wake_at() == at(90'000).due);  // nothing to do but see the lease end
}

TEST_CASE("A quick receiver is promised four slots for each request that may be out, others two") {
  Started started;
  started.lanes.now.max_in_flight = 2;
  const bool quick = GENERATE(true, false);
  const LaneKey lane{"t", "wh", ""};
  started.prove(lane, quick ? 1'874ms : 1'875ms);  // an eighth of the time limit
  const DeliveryId most = quick ? 8 : 4;
  for (DeliveryId id = 1; id <= most; ++id) CHECK(started.accept(id, lane));
  CHECK_FALSE(started.accept(9, lane));
  for (DeliveryId id = 10; id <= 11; ++id) CHECK(started.accept(id, {"t", "unproven", ""}));
  CHECK_FALSE(started.accept(12, {"t", "unproven", ""}));
  started.core.cancel_reservation(lane, 0);  // as after a failed append
  CHECK(started.core.reserve(lane, 0, at(3)));
}

TEST_CASE("A dispatch to a lane that has all its requests out is nothing to wake up for") {
  Started started;
  started.lanes.now.max_in_flight = 2;
  const LaneKey lane{"t", "wh", ""};
  started.prove(lane);
  for (DeliveryId id = 1; id <= 2; ++id) {
    REQUIRE(started.accept(id, lane));
    CHECK(started.core.has_orders());
    CHECK(started.core.advance(at(1)).sends.size() == 1);
  }
  const auto wake_at = started.core.wake_at();
  REQUIRE(started.accept(3, lane));
  CHECK_FALSE(started.core.has_orders());
  CHECK(started.core.wake_at() == wake_at);
  started.answer(1, 200, 2);
  CHECK(started.core.has_orders());
  CHECK(ids_of(started.core.advance(at(2))) == std::vector<DeliveryId>{3});
}

TEST_CASE("Many small bodies may be in memory when answers come quickly, and few otherwise") {
  struct Case {
    std::size_t bytes;
    bool answers;
    std::size_t slots;
  };
  const auto given = GENERATE(Case{16 * 1024, true, 4 * 16}, Case{16 * 1024 + 1, true, 4 * 4},
                              Case{16 * 1024, false, 4 * 4}, Case{16 * 1024 + 1, false, 4 * 4});
  CoreOptions options;
  options.max_in_flight = 4;
  Started started(options);
  if (given.answers) {
    for (int i = 0; i < 50; ++i) started.prove({"t", "wh", ""});
  }
  std::size_t slots = 0;
  const auto lane_of = [](std::size_t number) {
    return LaneKey{number % 2 == 0 ? "t" : "u", "wh" + std::to_string(number), ""};
  };
  while (started.core.reserve(lane_of(slots), given.bytes, at(0))) ++slots;
  CHECK(slots == given.slots);
  for (std::size_t i = 0; i < slots; ++i) started.core.cancel_reservation(lane_of(i), given.bytes);
  CHECK(started.core.claims_in_memory() == 0);
}

TEST_CASE("A slot that is not needed after all makes room for what waits in the store") {
  Started started;
  const LaneKey lane{"t", "wh", ""};
  for (int i = 0; i < 2; ++i) REQUIRE(started.core.reserve(lane, 0, at(1)));
  started.core.look();
  REQUIRE(started.core.advance(at(1)).work);
  StoreReply listed;
  listed.due_lanes = {lane};
  started.core.exchanged(listed, at(1));
  CHECK_FALSE(started.core.advance(at(1)).work);
  for (int i = 0; i < 2; ++i) started.core.cancel_reservation(lane, 0);
  const Orders orders = started.core.advance(at(1));
  REQUIRE(orders.work);
  CHECK(orders.work->claims.size() == 1);
}

TEST_CASE("The limit over all lanes holds, and the next in turn goes when a slot is free") {
  CoreOptions options;
  options.max_in_flight = 2;
  Started started(options);
  REQUIRE(started.accept(1, {"a", "wh1", ""}));
  REQUIRE(started.accept(2, {"a", "wh2", ""}));
  REQUIRE(started.accept(3, {"b", "wh3", ""}));
  CHECK(ids_of(started.core.advance(at(1))) == std::vector<DeliveryId>{1, 3});
  started.answer(1, 200, 2);
  CHECK(ids_of(started.core.advance(at(2))) == std::vector<DeliveryId>{2});
}

TEST_CASE("A lane with a backlog claims ahead, but only as much as it may hold") {
  Started started;
  started.lanes.now.max_in_flight = 4;
  const LaneKey lane{"t", "wh", ""};
  started.prove(lane);
  started.core.waiting(at(10).due);
  CHECK(started.core.wake_at() == at(10).due);
  REQUIRE(started.core.advance(at(10)).work->list_lanes > 0);
  StoreReply listed;
  listed.due_lanes = {lane};
  started.core.exchanged(listed, at(11));
  const Orders claiming = started.core.advance(at(11));
  REQUIRE(claiming.work);
  REQUIRE(claiming.work->claims.size() == 1);
  CHECK(claiming.work->claims[0].count == 8);
  // What waits in the store is older: nothing new overtakes it.
  CHECK_FALSE(started.core.reserve(lane, 0, at(0)));

  StoreReply claimed;
  claimed.claimed.push_back({lane, {}, true});
  for (DeliveryId id = 1; id <= 8; ++id) {
    Claim claim;
    claim.id = id;
    claim.lane = lane;
    claim.lease_until = at(90'000).due;
    claimed.claimed[0].claims.push_back(claim);
  }
  started.core.exchanged(claimed, at(12));
  const Orders sending = started.core.advance(at(12));
  CHECK(sending.sends.size() == 4);
  CHECK_FALSE(sending.work);  // it has enough for now
}

TEST_CASE("However many lanes become due at once, all of them are claimed") {
  Started started;
  started.core.waiting(at(10).due);
  std::size_t next = 0;
  std::size_t claimed = 0;
  for (std::int64_t now = 10; now < 100; ++now) {
    const Orders orders = started.core.advance(at(now));
    if (!orders.work) {
      // Work that is left is work that is asked for.
      CHECK((!started.core.wake_at() || *started.core.wake_at() > at(now).due));
      continue;
    }
    StoreReply reply;
    for (const LaneClaim& claim : orders.work->claims) {
      reply.claimed.push_back({claim.lane, {}, false});
      ++claimed;
    }
    for (std::size_t i = 0; i < orders.work->list_lanes && next < 300; ++i) {
      reply.due_lanes.push_back({"t", "wh" + std::to_string(next++), ""});
    }
    if (next < 300) reply.next_due = at(10).due;
    started.core.exchanged(reply, at(now));
  }
  CHECK(claimed == 300);
}

TEST_CASE("What is asked of the store and what is dispatched meanwhile share a tenant's half") {
  CoreOptions options;
  options.max_in_flight = 4;
  Started started(options);
  StoreReply listed;
  for (int i = 0; i < 8; ++i) listed.due_lanes.push_back({"a", std::to_string(i), ""});
  started.core.look();
  REQUIRE(started.core.advance(at(1)).work);
  started.core.exchanged(listed, at(1));
  const Orders asking = started.core.advance(at(1));
  REQUIRE(asking.work);
  std::size_t asked = 0;
  for (const LaneClaim& claim : asking.work->claims) asked += claim.count;
  CHECK(asked == 8);
  CHECK_FALSE(started.core.reserve({"a", "new", ""}, 17 * 1024, at(1)));
  CHECK(started.core.reserve({"b", "new", ""}, 17 * 1024, at(1)));
}

/// What makes room for it may go while others have all of the memory.
TEST_CASE("A lane that waits for its tenant's room is claimed once there is some") {
  CoreOptions options;
  options.max_in_flight = 1;  // so that a tenant may have two large ones, or eight small ones
  Started started(options);
  for (int i = 0; i < 50; ++i) started.prove({"p", "wh", ""});
  const auto small = [](const char* tenant, int number) {
    return LaneKey{tenant, std::to_string(number), ""};
  };
  for (int i = 0; i < 5; ++i) REQUIRE(started.core.reserve(small("b", i), 0, at(1)));
  started.core.look();
  REQUIRE(started.core.advance(at(1)).work);
  StoreReply listed;
  listed.due_lanes = {{"b", "parked", ""}};
  started.core.exchanged(listed, at(1));
  const Orders full = started.core.advance(at(1));
  REQUIRE(full.work);
  CHECK(full.work->claims.empty());
  started.core.exchanged(StoreReply{}, at(1));

  const std::size_t large = 17 * 1024;
  for (int i = 0; i < 2; ++i) REQUIRE(started.core.reserve(small("a", i), large, at(1)));
  for (int i = 0; i < 8; ++i) {
    if (i >= 3) started.core.cancel_reservation(small("b", i - 3), 0);
    REQUIRE(started.core.reserve(small("c", i), 0, at(1)));
  }
  for (int i = 0; i < 2; ++i) started.core.cancel_reservation(small("a", i), large);
  for (int i = 0; i < 8; ++i) started.core.cancel_reservation(small("c", i), 0);
  CHECK(started.core.claims_in_memory() == 0);
  const Orders orders = started.core.advance(at(2));
  REQUIRE(orders.work);
  REQUIRE(orders.work->claims.size() == 1);
  CHECK(orders.work->claims[0].lane.webhook_id == "parked");
}

TEST_CASE("A tenant with many slow receivers leaves room for the others") {
  CoreOptions options;
  options.max_in_flight = 4;
  Started started(options);
  DeliveryId id = 1;
  while (started.accept(id, {"greedy", "", "https://" + std::to_string(id) + ".example"})) ++id;
  CHECK(id == 9);  // half of what may be in memory
  CHECK(started.core.advance(at(1)).sends.size() == 4);
  REQUIRE(started.accept(100, {"modest", "wh", ""}));
  started.answer(1, 200, 2);
  started.answer(2, 200, 2);
  CHECK(ids_of(started.core.advance(at(2))) == std::vector<DeliveryId>{5, 100});  // in turn
}

TEST_CASE("Lanes of a tenant that holds its share come back one by one, and none is forgotten") {
  CoreOptions options;
  options.max_in_flight = 2;
  Started started(options);
  started.core.waiting(at(10).due);
  std::size_t listed = 0;
  std::size_t delivered = 0;
  for (std::int64_t now = 10; now < 5'000 && delivered < 200; ++now) {
    const Orders orders = started.core.advance(at(now));
    for (const Claim* claim : orders.sends) started.answer(claim->id, 200, now);
    delivered += orders.sends.size();
    if (!orders.work) continue;
    StoreReply reply;
    reply.recorded.assign(orders.work->outcomes.size(), {true, "", std::nullopt});
    for (const LaneClaim& wish : orders.work->claims) {
      Claim claim;
      claim.id = std::stoull(wish.lane.webhook_id);
      claim.lane = wish.lane;
      claim.lease_until = at(now + 90'000).due;
      reply.claimed.push_back({wish.lane, {claim}, false});
    }
    for (std::size_t i = 0; i < orders.work->list_lanes && listed < 200; ++i) {
      reply.due_lanes.push_back({"t", std::to_string(++listed), ""});
    }
    if (listed < 200) reply.next_due = at(10).due;
    started.core.exchanged(reply, at(now));
  }
  CHECK(delivered == 200);
}
