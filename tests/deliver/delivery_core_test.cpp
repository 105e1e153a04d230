#include "deliver/delivery_core.hpp"

#include <algorithm>
#include <map>

#include "catch.hpp"
#include "deliver/core_fixture.hpp"
#include "deliver/turns.hpp"

using namespace hookline;
using namespace hookline::detail;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

const LaneKey kLane{"tenant", "webhook", ""};

}  // namespace

TEST_CASE("Tenants take turns, and within a tenant its webhooks do") {
  std::map<std::string, Lane> lanes;
  Turns turns;
  for (const auto* name : {"a1", "a2", "a3", "b1"}) {
    lanes[name].key = {std::string(1, name[0]), name, ""};
    turns.push(lanes[name]);
  }
  std::vector<std::string> order;
  for (int i = 0; i < 8; ++i) {
    Lane& lane = turns.pop();
    order.push_back(lane.key.webhook_id);
    turns.push(lane);
  }
  CHECK(order == std::vector<std::string>{"a1", "b1", "a2", "b1", "a3", "b1", "a1", "b1"});
}

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

TEST_CASE("Outcomes that come while a round is under way gather for the next one") {
  Started started;
  started.prove({"t", "wh", ""});
  for (DeliveryId id = 1; id <= 3; ++id) REQUIRE(started.accept(id, {"t", "wh", ""}));
  (void)started.core.advance(at(1));
  started.answer(1, 200, 2);
  const Orders first = started.core.advance(at(2));
  REQUIRE(first.work);
  CHECK(first.work->outcomes.size() == 1);
  started.answer(2, 200, 3);
  started.answer(3, 500, 3);
  CHECK_FALSE(started.core.advance(at(3)).work);

  StoreReply reply;
  reply.recorded = {{true, "", std::nullopt}};
  started.core.exchanged(reply, at(4));
  const Orders second = started.core.advance(at(4));
  REQUIRE(second.work);
  CHECK(second.work->outcomes.size() == 2);
  CHECK(second.work->outcomes[1].kind == Outcome::Kind::retry);
  CHECK(second.work->outcomes[1].due == at(5'003).due);
  REQUIRE(second.notices.size() == 1);
  CHECK(second.notices[0].delivery.status == DeliveryStatus::delivered);
}

TEST_CASE("A round that fails is tried again with everything that was in it, ever more slowly") {
  Started started;
  REQUIRE(started.accept(1, {"t", "wh", ""}));
  (void)started.core.advance(at(1));
  started.answer(1, 200, 2);
  REQUIRE(started.core.advance(at(2)).work);
  std::int64_t now = 2;
  std::int64_t pause = 0;
  for (int i = 0; i < 8; ++i) {
    started.core.exchanged(tl::unexpected(Error{ErrorCode::store_failed, "disk"}), at(now));
    CHECK_FALSE(started.core.advance(at(now)).work);
    const auto wake = started.core.wake_at();
    REQUIRE(wake);
    const auto longer =
        std::chrono::floor<std::chrono::milliseconds>(wake->time_since_epoch()).count() - now;
    CHECK(longer >= pause);
    CHECK(longer <= 5'000);
    pause = longer;
    now += longer;
    const Orders again = started.core.advance(at(now));
    REQUIRE(again.work);
    REQUIRE(again.work->outcomes.size() == 1);
    CHECK(again.work->outcomes[0].claim.id == 1);
  }
}

TEST_CASE("What the store could not record is nobody's news") {
  Started started;
  REQUIRE(started.accept(1, {"t", "wh", ""}));
  (void)started.core.advance(at(1));
  started.answer(1, 200, 2);
  (void)started.core.advance(at(2));
  StoreReply lost;
  lost.recorded = {{}};
  started.core.exchanged(lost, at(3));
  CHECK(started.core.advance(at(3)).notices.empty());
  CHECK(started.core.settled());
}

TEST_CASE("Nothing is sent under a lease that could end before the answer") {
  Started started;
  REQUIRE(started.accept(1, {"t", "wh", ""}, 90'000));
  const Orders orders = started.core.advance(at(80'000));
  CHECK(orders.sends.empty());
  REQUIRE(orders.work);
  CHECK(orders.work->outcomes.at(0).kind == Outcome::Kind::released);
}

TEST_CASE("After stop no request is ordered, and what is claimed goes back") {
  CoreOptions options;
  options.max_in_flight = 1;
  Started started(options);
  REQUIRE(started.accept(1, {"t", "wh", ""}));
  REQUIRE(started.accept(2, {"t", "wh", ""}));
  CHECK(ids_of(started.core.advance(at(1))) == std::vector<DeliveryId>{1});
  started.core.stop();
  CHECK_FALSE(started.accept(3, {"t", "wh", ""}));
  const Orders orders = started.core.advance(at(2));
  CHECK(orders.sends.empty());
  REQUIRE(orders.work);
  CHECK(orders.work->outcomes.at(0).claim.id == 2);
  CHECK(orders.work->outcomes.at(0).kind == Outcome::Kind::released);
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

TEST_CASE("A 410 closes the lane at once, before the registry has heard of it") {
  Started started;
  started.lanes.now.max_in_flight = 1;
  REQUIRE(started.accept(1, {"t", "wh", ""}));
  (void)started.core.advance(at(1));
  started.answer(1, 410, 2);
  const Orders orders = started.core.advance(at(2));
  REQUIRE(orders.disables.size() == 1);
  CHECK(orders.disables[0].lane.webhook_id == "wh");
  CHECK_FALSE(started.core.reserve({"t", "wh", ""}, 0, at(3)));
  started.core.webhook_changed({"t", "wh", ""},
                               LaneSettings::State::open);  // enabled again by an operator
  CHECK(started.core.reserve({"t", "wh", ""}, 0, at(3)));
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

TEST_CASE("The core is never woken for what it then does not do") {
  CoreOptions options;
  options.max_in_flight = 1;
  Started started(options);
  started.core.waiting(at(10).due);
  REQUIRE(started.core.advance(at(10)).work);
  started.core.exchanged(tl::unexpected(Error{ErrorCode::store_failed, "disk"}), at(10));
  // The store fails while all that may be claimed is claimed.
  for (DeliveryId id = 1; started.accept(id, {"t", "wh" + std::to_string(id), ""}); ++id) {
  }
  for (std::int64_t now = 10; now < 2'000; now += 100) {
    const Orders orders = started.core.advance(at(now));
    if (orders.work) started.core.exchanged(StoreReply{}, at(now));
    if (!orders.empty()) continue;
    CHECK((!started.core.wake_at() || *started.core.wake_at() > at(now).due));
  }
}

TEST_CASE("A delivery whose lease ended while its request is out is not sent twice") {
  Started started;
  started.lanes.now.max_in_flight = 2;
  const LaneKey lane{"t", "wh", ""};
  REQUIRE(started.accept(1, lane, 90'000));
  CHECK(started.core.advance(at(1)).sends.size() == 1);
  const Orders look = started.core.advance(at(90'000));  // the lease has ended
  REQUIRE(look.work);
  StoreReply listed;
  listed.due_lanes = {lane};
  started.core.exchanged(listed, at(91'000));
  REQUIRE(started.core.advance(at(91'000)).work);
  StoreReply claimed;
  Claim again;
  again.id = 1;
  again.lease = 2;
  again.lane = lane;
  again.lease_until = at(181'000).due;
  claimed.claimed.push_back({lane, {again}, false});
  started.core.exchanged(claimed, at(91'001));
  CHECK(started.core.advance(at(91'001)).sends.empty());
  CHECK(started.core.in_flight() == 1);

  started.answer(1, 200, 91'002);  // the answer counts, under the new lease
  const Orders orders = started.core.advance(at(91'002));
  REQUIRE(orders.work);
  CHECK(orders.work->outcomes.at(0).claim.lease == 2);
  StoreReply recorded;
  recorded.recorded = {{true, "", std::nullopt}};
  started.core.exchanged(recorded, at(91'003));
  CHECK(started.accept(2, lane));
  CHECK(started.accept(3, lane));  // no slot was lost
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

TEST_CASE("What is accepted after the end has begun goes back at once") {
  Started started;
  started.lanes.now.max_in_flight = 1;
  const LaneKey lane{"t", "wh", ""};
  REQUIRE(started.accept(1, lane));
  REQUIRE(started.core.advance(at(1)).sends.size() == 1);
  REQUIRE(started.core.reserve(lane, 0, at(1)));
  started.core.stop();
  static_cast<void>(started.core.advance(at(2)));
  Claim claim;
  claim.id = 2;
  claim.lane = lane;
  claim.lease_until = at(90'000).due;
  started.core.accepted(claim);
  CHECK(started.core.has_orders());
  const Orders orders = started.core.advance(at(3));
  REQUIRE(orders.work);
  REQUIRE(orders.work->outcomes.size() == 1);
  CHECK(orders.work->outcomes[0].kind == Outcome::Kind::released);
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

TEST_CASE("What the store hands out while a command takes deliveries off goes back unsent") {
  Started started;
  started.core.waiting(at(0).due);
  REQUIRE(started.core.advance(at(0)).work);
  StoreReply listed;
  listed.due_lanes = {kLane};
  started.core.exchanged(listed, at(0));
  const Orders asking = started.core.advance(at(0));
  REQUIRE(asking.work);
  REQUIRE(asking.work->claims.size() == 1);
  // The store has answered, and then the command comes, before the core has heard the answer.
  started.core.recall(at(0));
  StoreReply claimed;
  Claim claim;
  claim.id = 1;
  claim.lane = kLane;
  claim.lease_until = at(90'000).due;
  claimed.claimed = {{kLane, {claim}, false}};
  started.core.exchanged(claimed, at(0));
  const Orders orders = started.core.advance(at(0));
  CHECK(orders.sends.empty());
  REQUIRE(orders.work);
  REQUIRE(orders.work->outcomes.size() == 1);
  CHECK(orders.work->outcomes[0].kind == Outcome::Kind::released);
}

TEST_CASE("After stop the store may give to others what it holds for the core") {
  Started started;
  started.core.waiting(at(0).due);
  REQUIRE(started.core.advance(at(0)).work);
  const LaneKey later{"tenant", "later", ""};
  StoreReply listed;
  listed.due_lanes = {kLane};
  started.core.exchanged(listed, at(0));
  REQUIRE(started.core.advance(at(0)).work);
  started.core.stop();
  StoreReply reply;
  reply.claimed = {{kLane, {}, true}};
  reply.due_lanes = {later};
  started.core.exchanged(reply, at(0));
  const Orders orders = started.core.advance(at(0));
  REQUIRE(orders.work);
  std::vector<LaneKey> let_go;
  for (const LaneHold& hold : orders.work->holds) {
    CHECK(hold.until == DueTime::min());
    let_go.push_back(hold.lane);
  }
  CHECK(let_go == std::vector<LaneKey>{kLane, later});
}

TEST_CASE("A webhook that was changed while its last request was out is not disabled for it") {
  Started started;
  REQUIRE(started.accept(1, kLane));
  REQUIRE(started.core.advance(at(0)).sends.size() == 1);
  started.answer(1, 500, 0);  // the webhook is at revision 1
  const Orders recording = started.core.advance(at(0));
  REQUIRE(recording.work);
  started.lanes.now.revision = 2;
  started.core.webhook_changed(kLane, LaneSettings::State::open);
  StoreReply reply;
  reply.recorded = {{true, "", at(0).due - std::chrono::hours(24 * 6)}};
  started.core.exchanged(reply, at(0));
  const Orders orders = started.core.advance(at(0));
  for (const DisableOrder& order : orders.disables) CHECK(order.revision == 1);
}

TEST_CASE("A core that does not deliver remembers nothing of webhooks that are removed") {
  CoreOptions options;
  options.deliver = false;
  Started started(options);
  for (int i = 0; i < 100; ++i) {
    started.core.webhook_changed({"", "webhook-" + std::to_string(i), ""},
                                 LaneSettings::State::gone);
  }
  static_cast<void>(started.core.advance(at(0)));
  CHECK(started.core.lanes_in_memory() == 0);
}

TEST_CASE("A webhook that could not be disabled goes on, and has been failing as long as before") {
  Started started;
  REQUIRE(started.accept(1, kLane));
  REQUIRE(started.core.advance(at(0)).sends.size() == 1);
  started.answer(1, 410, 0);
  const Orders orders = started.core.advance(at(0));
  REQUIRE(orders.disables.size() == 1);
  REQUIRE(orders.work);
  StoreReply reply;
  reply.recorded = {{true, "", at(0).due}};
  started.core.exchanged(reply, at(0));
  started.core.not_disabled(kLane);
  const Orders next = started.core.advance(at(0));
  REQUIRE(next.work);
  REQUIRE(next.work->holds.size() == 1);
  CHECK(next.work->holds[0].until == DueTime::min());
  CHECK_FALSE(next.work->holds[0].fresh);
  CHECK(started.accept(2, kLane));
}

TEST_CASE("Pruning keeps its pauses however many rounds of other work there are") {
  Started started;
  std::vector<std::int64_t> pruned;
  for (std::int64_t now = 1; now < 130'000; ++now) {
    started.core.look();
    const Orders orders = started.core.advance(at(now));
    REQUIRE(orders.work);
    if (orders.work->prune > 0) pruned.push_back(now);
    StoreReply reply;
    reply.next_prune = at(orders.work->prune > 0 ? now + 1 : now).due;  // there is always more
    started.core.exchanged(reply, at(now));
  }
  CHECK(pruned == std::vector<std::int64_t>{2, 60'002, 120'002});
}
