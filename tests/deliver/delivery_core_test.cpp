#include "deliver/delivery_core.hpp"

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
