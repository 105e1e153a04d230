// What holds a lane back, as the core decides it: its rate limit, its breaker, its order, and an
// offline sender.
#include <algorithm>

#include "deliver/core_fixture.hpp"

using namespace hookline;
using namespace hookline::detail;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

const LaneKey kLane{"t", "wh", ""};

/// A store of one lane with as many due deliveries as are asked for, as the core sees it.
struct Backlog {
  explicit Backlog(Started& core, LaneKey key = kLane) : started(core), lane(std::move(key)) {}

  /// Lets the core do everything that it wants to do now; the ids that it sends.
  std::vector<DeliveryId> run(std::int64_t now) {
    std::vector<DeliveryId> sent;
    for (int i = 0; i < 50; ++i) {
      const Orders orders = started.core.advance(at(now));
      for (const Claim* claim : orders.sends) sent.push_back(claim->id);
      for (const Remark& remark : orders.remarks) remarks.push_back(remark.kind);
      for (const DisableOrder& disable : orders.disables) disabled.push_back(disable.reason);
      if (!orders.work) return sent;
      started.core.exchanged(answer(*orders.work, now), at(now));
    }
    return sent;
  }

  StoreReply answer(const StoreWork& work, std::int64_t now) {
    StoreReply reply;
    for (const Outcome& outcome : work.outcomes) {
      outcomes.push_back(outcome);
      RecordedOutcome recorded;
      recorded.recorded = true;
      recorded.failing_since = failing_since;
      reply.recorded.push_back(recorded);
    }
    for (const LaneHold& hold : work.holds) {
      if (hold.lane == lane) held_until = hold.until;
    }
    for (const LaneClaim& claim : work.claims) {
      claims.push_back(claim);
      ClaimedLane claimed{claim.lane, {}, true};
      for (std::size_t i = 0; i < claim.count; ++i) claimed.claims.push_back(next(now));
      reply.claimed.push_back(std::move(claimed));
    }
    if (work.list_lanes > 0 && held_until <= work.now) {
      reply.due_lanes = {lane};
      held_until = DueTime::max();
    }
    if (held_until < DueTime::max()) reply.next_due = std::max(held_until, at(now).due);
    return reply;
  }

  Claim next(std::int64_t now) {
    Claim claim;
    claim.id = ++last;
    claim.lane = lane;
    claim.lease = 1;
    claim.lease_until = at(now + 90'000).due;
    return claim;
  }

  Started& started;
  LaneKey lane;
  DeliveryId last = 0;
  DueTime held_until = DueTime::min();
  std::optional<DueTime> failing_since;
  std::vector<Outcome> outcomes;
  std::vector<LaneClaim> claims;
  std::vector<Remark::Kind> remarks;
  std::vector<std::string> disabled;
};

void fail_to_connect(Started& started, DeliveryId id, const std::string& host, std::int64_t now) {
  SendResult result;
  result.result = tl::unexpected(TransportFailure{FailureClass::connect, "refused"});
  result.url = "https://" + host + "/hooks";
  started.core.answered(id, std::move(result), at(now));
}

}  // namespace

TEST_CASE("A lane gets one request at a time until its receiver has shown that it works") {
  Started started;
  Backlog backlog(started);
  started.core.waiting(at(1).due);
  CHECK(backlog.run(1).size() == 1);
  started.answer(1, 200, 2);
  CHECK(backlog.run(2).size() == 8);
}

TEST_CASE("A rate limit keeps the starts of requests apart, to the millisecond") {
  Started started;
  started.lanes.now.spacing = 250ms;
  Backlog backlog(started);
  started.core.waiting(at(1).due);
  std::vector<std::int64_t> starts;
  for (std::int64_t now = 1; now < 2'000; ++now) {
    for (const DeliveryId id : backlog.run(now)) {
      starts.push_back(now);
      started.answer(id, 200, now);
    }
    CHECK(started.core.in_flight() == 0);
  }
  REQUIRE(starts.size() == 8);
  for (std::size_t i = 1; i < starts.size(); ++i) CHECK(starts[i] - starts[i - 1] == 250);
}

TEST_CASE("A lane with a slow rate waits in the store, not with claims in memory") {
  Started started;
  started.lanes.now.spacing = 1h;
  Backlog backlog(started);
  started.core.waiting(at(1).due);
  REQUIRE(backlog.run(1).size() == 1);
  started.answer(1, 200, 2);
  CHECK(backlog.run(2).empty());
  CHECK(backlog.held_until == at(3'600'001).due);
  CHECK(started.core.claims_in_memory() == 0);
  CHECK(backlog.run(3'600'000).empty());
  CHECK(backlog.run(3'600'001).size() == 1);
}

TEST_CASE("A breaker lets a failing lane rest without burning the tries of what waits in it") {
  Started started;
  Backlog backlog(started);
  started.core.waiting(at(1).due);
  std::int64_t now = 1;
  for (int i = 0; i < 5; ++i) {
    const auto sent = backlog.run(now);
    REQUIRE(sent.size() == 1);
    started.answer(sent[0], 500, ++now);
  }
  CHECK(backlog.run(now).empty());
  CHECK(backlog.remarks == std::vector{Remark::Kind::lane_resting});
  CHECK(backlog.held_until == at(now + 5'000).due);
  CHECK(started.core.claims_in_memory() == 0);
  CHECK_FALSE(started.core.reserve(kLane, 0, at(now)));
  for (const Outcome& outcome : backlog.outcomes) {
    CHECK((outcome.attempt.has_value()) == (outcome.kind == Outcome::Kind::retry));
  }

  const auto probe = backlog.run(now + 5'000);
  REQUIRE(probe.size() == 1);
  started.answer(probe[0], 200, now + 5'001);
  CHECK(backlog.run(now + 5'001).size() == 8);
  CHECK(backlog.remarks.back() == Remark::Kind::lane_recovered);
}

TEST_CASE("A receiver that answers 429 with retry-after gets no other delivery before that") {
  Started started;
  started.prove(kLane);
  Backlog backlog(started);
  started.core.waiting(at(1).due);
  REQUIRE(backlog.run(1).size() == 8);
  HttpResponse response;
  response.status = 429;
  response.retry_after = "3600";
  started.core.answered(1, {response, "https://a.example/", {}, {}, 1}, at(2));
  CHECK(backlog.run(2).empty());
  CHECK(backlog.held_until == at(3'600'002).due);
}

TEST_CASE("A change of the webhook ends its rest at once") {
  Started started;
  Backlog backlog(started);
  started.core.waiting(at(1).due);
  for (std::int64_t now = 1; now <= 5; ++now) {
    for (const DeliveryId id : backlog.run(now)) started.answer(id, 500, now);
  }
  CHECK(backlog.run(6).empty());
  started.core.webhook_changed(kLane, LaneSettings::State::open);
  CHECK(backlog.run(7).size() == 1);
}

TEST_CASE("A lane in order has one delivery claimed, and the next one when that is recorded") {
  Started started;
  started.lanes.now.fifo = true;
  CHECK_FALSE(started.core.reserve(kLane, 0, at(0)));
  Backlog backlog(started);
  started.core.waiting(at(1).due);
  REQUIRE(backlog.run(1) == std::vector<DeliveryId>{1});
  CHECK(backlog.run(2).empty());
  REQUIRE(backlog.claims.size() == 1);
  CHECK(backlog.claims[0].fifo);
  CHECK(backlog.claims[0].count == 1);
  started.answer(1, 200, 3);
  CHECK(backlog.run(3) == std::vector<DeliveryId>{2});
  CHECK(backlog.outcomes.size() == 1);
}

TEST_CASE("A lane in order has no breaker: the schedule of the first one is pause enough") {
  Started started;
  started.lanes.now.fifo = true;
  Backlog backlog(started);
  started.core.waiting(at(1).due);
  for (std::int64_t now = 1; now <= 10; ++now) {
    const auto sent = backlog.run(now);
    REQUIRE(sent.size() == 1);
    started.answer(sent[0], 500, now);
  }
  CHECK(backlog.remarks.empty());
}

TEST_CASE("A webhook whose every try has failed for five days is disabled, not before") {
  Started started;
  Backlog backlog(started);
  constexpr std::int64_t kFiveDays = 5 * 86'400'000;
  backlog.failing_since = at(0).due;
  started.core.waiting(at(1).due);
  auto out = backlog.run(kFiveDays - 3);
  REQUIRE(out.size() == 1);
  started.answer(out[0], 500, kFiveDays - 2);
  out = backlog.run(kFiveDays - 2);
  REQUIRE(out.size() == 1);
  CHECK(backlog.disabled.empty());
  started.answer(out[0], 500, kFiveDays);
  backlog.run(kFiveDays);
  REQUIRE(backlog.disabled.size() == 1);
  CHECK(backlog.disabled[0] == "every try has failed for 5 days");
  CHECK_FALSE(started.core.reserve(kLane, 0, at(kFiveDays)));
}

TEST_CASE("When three origins cannot be reached the sender is offline, and tries do not count") {
  Started started;
  for (DeliveryId id = 1; id <= 4; ++id) {
    REQUIRE(started.accept(id, {"t", "wh" + std::to_string(id), ""}));
  }
  REQUIRE(started.core.advance(at(1)).sends.size() == 4);
  for (DeliveryId id = 1; id <= 4; ++id) {
    fail_to_connect(started, id, "host" + std::to_string(id), 2);
    CHECK(started.core.offline() == (id >= 3));
  }
  const Orders orders = started.core.advance(at(2));
  REQUIRE(orders.work);
  REQUIRE(orders.work->outcomes.size() == 4);
  CHECK(orders.work->outcomes[1].kind == Outcome::Kind::retry);  // nobody knew yet
  CHECK(orders.work->outcomes[2].kind == Outcome::Kind::released);
  CHECK_FALSE(orders.work->outcomes[3].attempt);
  REQUIRE(orders.remarks.size() == 1);
  CHECK(orders.remarks[0].kind == Remark::Kind::sender_offline);
}

TEST_CASE("One dead host with many webhooks does not make the sender offline") {
  Started started;
  for (DeliveryId id = 1; id <= 6; ++id) {
    REQUIRE(started.accept(id, {"t", "wh" + std::to_string(id), ""}));
  }
  REQUIRE(started.core.advance(at(1)).sends.size() == 6);
  for (DeliveryId id = 1; id <= 6; ++id) fail_to_connect(started, id, "dead.example", 2);
  CHECK_FALSE(started.core.offline());
}

TEST_CASE("Receivers that take the connection and hang do not make the sender offline") {
  Reachability reachability;
  TransportFailure hung{FailureClass::timeout, "no answer"};
  hung.connected = true;
  CHECK_FALSE(is_unreachable(tl::unexpected(hung)));
  hung.connected = false;
  CHECK(is_unreachable(tl::unexpected(hung)));
  CHECK_FALSE(is_unreachable(tl::unexpected(TransportFailure{FailureClass::tls, "bad"})));
  CHECK_FALSE(is_unreachable(tl::unexpected(TransportFailure{FailureClass::policy, "no"})));
}

TEST_CASE("While the sender is offline one probe goes out from time to time, ever more seldom") {
  Started started;
  for (DeliveryId id = 1; id <= 3; ++id) {
    REQUIRE(started.accept(1000 + id, {"t", "dead" + std::to_string(id), ""}));
  }
  REQUIRE(started.core.advance(at(0)).sends.size() == 3);
  for (DeliveryId id = 1; id <= 3; ++id) {
    fail_to_connect(started, 1000 + id, "host" + std::to_string(id), 0);
  }
  Backlog backlog(started);
  started.core.waiting(at(0).due);
  std::vector<std::int64_t> probes;
  for (std::int64_t now = 0; now < 200'000; now += 100) {
    for (const DeliveryId id : backlog.run(now)) {
      probes.push_back(now);
      fail_to_connect(started, id, "host", now);
    }
    backlog.held_until = std::min(backlog.held_until, at(now + 100).due);
  }
  std::vector<std::int64_t> expected = {1'000, 3'000, 7'000, 15'000};
  while (expected.back() + 10'000 < 200'000) expected.push_back(expected.back() + 10'000);
  CHECK(probes == expected);
  for (const Outcome& outcome : backlog.outcomes) {
    if (outcome.claim.id < 1000) CHECK(outcome.kind == Outcome::Kind::released);
  }

  const auto probe = backlog.run(243'000);
  REQUIRE(probe.size() == 1);
  started.answer(probe[0], 500, 243'001);  // any answer will do
  CHECK_FALSE(started.core.offline());
  CHECK(backlog.run(243'001).size() == 1);
  CHECK(backlog.remarks.back() == Remark::Kind::sender_online);
}

TEST_CASE("A lane that has not tried yet may, also while the sender seems offline") {
  Started started;
  for (DeliveryId id = 1; id <= 3; ++id) {
    REQUIRE(started.accept(id, {"t", "dead" + std::to_string(id), ""}));
  }
  REQUIRE(started.core.advance(at(0)).sends.size() == 3);
  for (DeliveryId id = 1; id <= 3; ++id) {
    fail_to_connect(started, id, "host" + std::to_string(id), 0);
  }
  REQUIRE(started.core.offline());
  CHECK_FALSE(started.core.reserve({"t", "dead1", ""}, 0, at(1)));
  REQUIRE(started.accept(9, {"t", "fresh", ""}));
  CHECK(ids_of(started.core.advance(at(1))) == std::vector<DeliveryId>{9});
  started.answer(9, 200, 2);
  CHECK_FALSE(started.core.offline());
}

/// As in a queue of dead receivers, with one that works somewhere behind them.
TEST_CASE(
    "While the sender seems offline, a lane that works is not hidden by those that are dead") {
  Started started;
  StoreReply listed;
  for (DeliveryId id = 1; id <= 5; ++id) {
    const LaneKey dead{"t", "dead" + std::to_string(id), ""};
    listed.due_lanes.push_back(dead);
    REQUIRE(started.accept(id, dead));
  }
  REQUIRE(started.core.advance(at(0)).sends.size() == 5);
  for (DeliveryId id = 1; id <= 5; ++id) {
    fail_to_connect(started, id, "host" + std::to_string(id), 0);
  }
  REQUIRE(started.core.offline());
  started.core.waiting(at(0).due);
  Orders orders = started.core.advance(at(0));
  REQUIRE(orders.work);
  StoreReply recorded;
  recorded.recorded.assign(orders.work->outcomes.size(), {true, "", std::nullopt});
  started.core.exchanged(recorded, at(0));

  const LaneKey works{"t", "works", ""};
  listed.due_lanes.push_back(works);
  started.core.waiting(at(0).due);
  CHECK_FALSE(started.core.advance(at(999)).work);
  orders = started.core.advance(at(1'000));
  REQUIRE(orders.work);
  REQUIRE(orders.work->list_lanes >= listed.due_lanes.size());
  started.core.exchanged(listed, at(1'000));
  orders = started.core.advance(at(1'000));
  REQUIRE(orders.work);
  REQUIRE(orders.work->claims.size() == 1);
  CHECK(orders.work->claims[0].lane == works);
  CHECK(orders.work->holds.size() == 5);  // they go back, so that the store lists others
}

TEST_CASE("While it is paused, as the store says, nothing is sent and what is claimed goes back") {
  CoreOptions options;
  options.max_in_flight = 1;
  Started started(options);
  REQUIRE(started.accept(1, {"t", "a", ""}));
  REQUIRE(started.accept(2, {"t", "b", ""}));
  REQUIRE(started.core.advance(at(1)).sends.size() == 1);
  started.core.look();
  REQUIRE(started.core.advance(at(2)).work);
  StoreReply reply;
  reply.paused = true;
  started.core.exchanged(reply, at(3));
  CHECK(started.core.paused());
  started.answer(1, 200, 4);
  const Orders orders = started.core.advance(at(4));
  CHECK(orders.sends.empty());
  REQUIRE(orders.work);
  REQUIRE(orders.work->outcomes.size() == 2);
  CHECK(orders.work->outcomes[0].kind == Outcome::Kind::delivered);
  CHECK(orders.work->outcomes[1].kind == Outcome::Kind::released);
  CHECK_FALSE(started.core.reserve({"t", "c", ""}, 0, at(4)));
}

TEST_CASE("What a command has taken off is not sent, though it was claimed") {
  CoreOptions options;
  options.max_in_flight = 1;
  Started started(options);
  REQUIRE(started.accept(1, {"t", "a", ""}));
  REQUIRE(started.accept(2, {"t", "b", ""}));
  REQUIRE(started.core.advance(at(1)).sends.size() == 1);
  started.core.recall(at(2));
  started.answer(1, 200, 3);
  const Orders orders = started.core.advance(at(3));
  CHECK(orders.sends.empty());
  REQUIRE(orders.work);
  REQUIRE(orders.work->outcomes.size() == 2);
  CHECK(orders.work->outcomes[0].kind == Outcome::Kind::released);
  StoreReply reply;
  reply.recorded = {{true, "by the operator", std::nullopt}, {true, "", std::nullopt}};
  started.core.exchanged(reply, at(4));
  const Orders told = started.core.advance(at(4));
  REQUIRE(told.notices.size() == 2);
  CHECK(told.notices[0].delivery.status == DeliveryStatus::discarded);
  CHECK(told.notices[0].delivery.error == "by the operator");
}

TEST_CASE("Lanes without work are remembered up to a limit, and then forgotten together") {
  CoreOptions options;
  options.max_in_flight = 4;
  options.max_idle_lanes = 100;
  Started started(options);
  for (DeliveryId id = 1; id < 2'000; ++id) {
    REQUIRE(started.accept(id, {"t", "wh" + std::to_string(id), ""}));
    REQUIRE(started.core.advance(at(1)).sends.size() == 1);
    started.answer(id, 200, 1);
    const Orders orders = started.core.advance(at(1));
    if (orders.work) {
      StoreReply reply;
      reply.recorded.assign(orders.work->outcomes.size(), {true, "", std::nullopt});
      started.core.exchanged(reply, at(1));
    }
    CHECK(started.core.lanes_in_memory() <= 165);
  }
}
