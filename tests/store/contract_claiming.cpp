// What claims, their leases and their outcomes promise.

#include "catch.hpp"
#include "store/shelf.hpp"

namespace hookline::fakes {

using Kind = Outcome::Kind;

void check_claiming(const MakeStore& create) {
  const Shelf shelf(create());

  SECTION("Claims are those that have been due longest, and belong to one caller") {
    shelf.append(event_with({delivery_to(lane("a"), 20), delivery_to(lane("a"), 10),
                             delivery_to(lane("a"), 500), delivery_to(lane("b"), 0)}));
    CHECK(shelf.claim(lane("a"), 5, 5).claims.empty());

    const ClaimedLane first = shelf.claim(lane("a"), 1, 100);
    REQUIRE(first.claims.size() == 1);
    CHECK(first.lane == lane("a"));
    CHECK(first.claims[0].due == at(10));
    CHECK(first.claims[0].lease == 1);
    CHECK(first.claims[0].lease_until == at(60'100));
    CHECK(first.more);
    CHECK(shelf.status(first.claims[0].id) == DeliveryStatus::in_flight);
    CHECK_FALSE(shelf.find(first.claims[0].id).next_attempt_at);
    const ClaimedLane rest = shelf.claim(lane("a"), 5, 100);
    REQUIRE(rest.claims.size() == 1);
    CHECK(rest.claims[0].due == at(20));
    CHECK_FALSE(rest.more);
  }

  SECTION("An early claim takes what is not due yet") {
    shelf.append(event_with({delivery_to(lane("a"), 500), delivery_to(lane("a"), 900)}));
    const ClaimedLane early = shelf.claim({lane("a"), 1, true, false}, 100);
    REQUIRE(early.claims.size() == 1);
    CHECK(early.claims[0].due == at(500));
    CHECK(early.more);
    CHECK_FALSE(shelf.claim({lane("a"), 1, true, false}, 100).more);
  }

  SECTION("A lane that nobody has heard of has nothing to claim") {
    const ClaimedLane nothing = shelf.claim(lane("nobody"), 5, 100);
    CHECK(nothing.claims.empty());
    CHECK_FALSE(nothing.more);
  }

  SECTION("A claim has what its request is made of") {
    NewDelivery basic = delivery_to(basic_lane());
    basic.url = "https://b.example/?key=1";
    NewEvent event = event_with({delivery_to(lane("a")), basic}, "msg_1", 3);
    event.receipt.event = Event::headless_import_needs_review;
    shelf.append(event);
    const Claim managed = shelf.take(lane("a"), 4);
    REQUIRE(managed.body);
    CHECK(*managed.body == "managed");
    CHECK(managed.lane == lane("a"));
    CHECK(managed.message_id == "msg_1");
    CHECK(managed.import_id == "import-1");
    CHECK(managed.event == Event::headless_import_needs_review);
    CHECK(managed.created_at == wall(3));
    CHECK(managed.attempts == 0);
    CHECK_FALSE(managed.replay_of);
    const Claim to_origin = shelf.take(basic_lane(), 4);
    CHECK(*to_origin.body == "basic");
    CHECK(to_origin.url == "https://b.example/?key=1");
    CHECK(to_origin.lane == basic_lane());
  }

  SECTION("Lanes of the same webhook id are apart when their tenants are") {
    const DeliveryId own = shelf.put(lane("a"));
    shelf.put(lane("a", "u"), "msg_2");
    const ClaimedLane claimed = shelf.claim(lane("a"), 5, 1);
    REQUIRE(claimed.claims.size() == 1);
    CHECK(claimed.claims[0].id == own);
  }

  SECTION("A delivery that is born leased is its caller's, under lease number 1") {
    const Claim claim = shelf.put_leased(lane("a"));
    CHECK(shelf.status(claim.id) == DeliveryStatus::in_flight);
    CHECK(shelf.claim(lane("a"), 1, 0).claims.empty());
    CHECK(shelf.record(claim, Kind::delivered, 1).recorded);
  }

  SECTION("A delivery that was born leased and is given back waits like any other") {
    const Claim retried = shelf.put_leased(lane("a"));
    const Claim released = shelf.put_leased(lane("b"));
    const Claim lost = shelf.put_leased(lane("c"));
    CHECK(shelf.record(retried, Kind::retry, 1, 10).recorded);
    CHECK(shelf.record(released, Kind::released, 1, 10).recorded);
    shelf.work({}, 60'000);
    DeliveryQuery pending;
    pending.status = DeliveryStatus::pending;
    CHECK(shelf.listed(pending) == std::vector<DeliveryId>{retried.id, released.id, lost.id});
    CHECK(shelf.listed() == std::vector<DeliveryId>{retried.id, released.id, lost.id});
    for (const char* webhook : {"a", "b", "c"}) {
      const Claim again = shelf.take(lane(webhook), 70'000);
      CHECK(again.lease == 2);
      CHECK(shelf.record(again, Kind::delivered, 70'001).recorded);
    }
    CHECK(shelf.listed(pending).empty());
    CHECK_FALSE(shelf.store->has_unfinished(lost.id).value());
  }

  SECTION("A lease that ends gives the delivery back, and what comes after is not recorded") {
    const DeliveryId id = shelf.put(lane("a"));
    const Claim lost = shelf.take(lane("a"), 0);
    CHECK(shelf.claim(lane("a"), 1, 59'999).claims.empty());
    CHECK(shelf.status(id) == DeliveryStatus::in_flight);
    shelf.work({}, 60'000);
    CHECK(shelf.status(id) == DeliveryStatus::pending);
    CHECK(shelf.find(id).attempts == 0);
    CHECK_FALSE(shelf.record(lost, Kind::delivered, 60'001).recorded);
    const Claim again = shelf.take(lane("a"), 70'000);
    CHECK(again.lease > lost.lease);
    CHECK_FALSE(shelf.record(lost, Kind::delivered, 70'001).recorded);
    CHECK(shelf.status(id) == DeliveryStatus::in_flight);
    CHECK(shelf.record(again, Kind::delivered, 70'002).recorded);
  }

  SECTION("A delivery whose lease was lost waits longer each time") {
    const DeliveryId id = shelf.put(lane("a"));
    std::int64_t now = 0;
    std::chrono::system_clock::duration waited{0};
    for (int i = 0; i < 4; ++i) {
      REQUIRE(shelf.claim(lane("a"), 1, now).claims.size() == 1);
      now += 60'000;
      shelf.work({}, now);
      const auto wait = shelf.find(id).next_attempt_at.value() - wall(now);
      CHECK(wait > waited);
      waited = wait;
      now += 3'600'000;
    }
  }

  SECTION("An outcome that comes in the round in which its lease ends counts") {
    shelf.put(lane("a"));
    CHECK(shelf.record(shelf.take(lane("a"), 0), Kind::delivered, 60'000).recorded);
  }
}

void check_fifo(const MakeStore& create) {
  const Shelf shelf(create());

  SECTION("A fifo claim takes the oldest delivery, and no other before that has ended") {
    const auto ids =
        shelf.append(event_with({delivery_to(lane("a"), 20), delivery_to(lane("a"), 10)})).ids;
    const ClaimedLane head = shelf.claim_fifo(lane("a"), 100);
    REQUIRE(head.claims.size() == 1);
    CHECK(head.claims[0].id == ids[0]);
    CHECK(head.more);
    CHECK(shelf.claim_fifo(lane("a"), 101).claims.empty());
    shelf.record(head.claims[0], Kind::delivered, 102);
    const ClaimedLane next = shelf.claim_fifo(lane("a"), 103);
    REQUIRE(next.claims.size() == 1);
    CHECK(next.claims[0].id == ids[1]);
    CHECK_FALSE(next.more);
  }

  SECTION("A head that is not due holds its lane until it is") {
    shelf.append(event_with({delivery_to(lane("a"), 500), delivery_to(lane("a"), 10)}));
    CHECK(shelf.list(5, 100).size() == 1);  // the second one is due
    CHECK(shelf.claim_fifo(lane("a"), 100).claims.empty());
    CHECK(shelf.list(5, 499).empty());
    CHECK(shelf.work({}, 499).next_due == at(500));
    CHECK(shelf.list(5, 500).size() == 1);
    CHECK(shelf.claim_fifo(lane("a"), 500).claims.size() == 1);
  }

  SECTION("A head that is claimed holds its lane until its lease ends") {
    const auto ids = shelf.append(event_with({delivery_to(lane("a")), delivery_to(lane("a"))})).ids;
    shelf.claim_fifo(lane("a"), 0);
    CHECK(shelf.claim_fifo(lane("a"), 30'000).claims.empty());
    CHECK(shelf.list(5, 59'999).empty());
    CHECK(shelf.list(5, 60'000).size() == 1);
    CHECK(shelf.status(ids[0]) == DeliveryStatus::pending);
    CHECK(shelf.claim_fifo(lane("a"), 60'000).claims.empty());  // the lost one goes first
  }

  SECTION("Whatever becomes of the head lets go of its lane") {
    const auto ids = shelf.append(event_with({delivery_to(lane("a")), delivery_to(lane("a"))})).ids;
    const Claim head = shelf.claim_fifo(lane("a"), 0).claims.at(0);
    CHECK(shelf.claim_fifo(lane("a"), 1).claims.empty());
    CHECK(shelf.list(5, 2).empty());

    SECTION("its outcome") { shelf.record(head, Kind::delivered, 3); }
    SECTION("its retry, which blocks the lane anew") {
      shelf.record(head, Kind::retry, 3, 5'000);
      CHECK(shelf.list(5, 4).size() == 1);
      CHECK(shelf.claim_fifo(lane("a"), 4).claims.empty());
      CHECK(shelf.list(5, 4).empty());
      // Taking it off while it waits lets go as well.
      DeliveryQuery query;
      query.id = ids[0];
      REQUIRE(shelf.store->discard(query, "no", moment(5)));
    }
    SECTION("its erasure") {
      NewEvent other = event_with({delivery_to(lane("a"))}, "msg_2", 3);
      other.receipt.import_id = "import-2";
      shelf.append(other);
      REQUIRE(shelf.store->erase({"t", "import-1"}, 100));
    }
    CHECK(shelf.list(5, 6).size() == 1);
    CHECK(shelf.claim_fifo(lane("a"), 6).claims.size() == 1);
  }

  SECTION("A fifo claim takes nothing before a head that was born leased has ended") {
    const Claim born = shelf.put_leased(lane("a"));
    const DeliveryId next = shelf.put(lane("a"), "msg_2");
    CHECK(shelf.claim_fifo(lane("a"), 1).claims.empty());
    shelf.record(born, Kind::retry, 2, 500);
    CHECK(shelf.claim_fifo(lane("a"), 3).claims.empty());
    CHECK(
        shelf.record(shelf.claim_fifo(lane("a"), 500).claims.at(0), Kind::delivered, 501).recorded);
    CHECK(shelf.claim_fifo(lane("a"), 502).claims.at(0).id == next);
  }

  SECTION("An early fifo claim takes a head that is not due yet") {
    shelf.append(event_with({delivery_to(lane("a"), 500), delivery_to(lane("a"), 10)}));
    const ClaimedLane early = shelf.claim({lane("a"), 5, true, true}, 100);
    REQUIRE(early.claims.size() == 1);
    CHECK(early.claims[0].due == at(500));
  }
}

void check_outcomes(const MakeStore& create) {
  const Shelf shelf(create());
  const DeliveryId id = shelf.put(lane("a"));
  const Claim claim = shelf.take(lane("a"), 0);

  SECTION("An outcome is recorded once") {
    CHECK(shelf.record(claim, Kind::delivered, 30).recorded);
    CHECK_FALSE(shelf.record(claim, Kind::exhausted, 31).recorded);
    const Delivery delivery = shelf.find(id);
    CHECK(delivery.status == DeliveryStatus::delivered);
    CHECK(delivery.finished_at == wall(30));
    CHECK(delivery.attempts == 1);
    CHECK(delivery.http_status == 200);
    CHECK(delivery.url == "https://a.example/");
    CHECK(shelf.store->attempts(id)->size() == 1);
    CHECK(shelf.claim(lane("a"), 1, 100'000).claims.empty());
  }

  SECTION("A retry waits for its time, and its attempt counts") {
    CHECK(shelf.record(claim, Kind::retry, 10, 5'000).recorded);
    const Delivery delivery = shelf.find(id);
    CHECK(delivery.status == DeliveryStatus::pending);
    CHECK(delivery.next_attempt_at == wall(5'000));
    CHECK(delivery.error == "HTTP 500");
    CHECK(shelf.claim(lane("a"), 1, 4'999).claims.empty());
    const Claim again = shelf.take(lane("a"), 5'000);
    CHECK(again.attempts == 1);
    CHECK(again.lease > claim.lease);
  }

  SECTION("A release leaves the delivery as if it had not been claimed") {
    CHECK(shelf.record(claim, Kind::released, 10, 0).recorded);
    CHECK(shelf.status(id) == DeliveryStatus::pending);
    CHECK(shelf.find(id).attempts == 0);
    CHECK(shelf.store->attempts(id)->empty());
    CHECK(shelf.claim(lane("a"), 1, 11).claims.size() == 1);
  }

  SECTION("What is exhausted or discarded has ended, and says why") {
    CHECK(shelf.record(claim, Kind::exhausted, 10).recorded);
    CHECK(shelf.status(id) == DeliveryStatus::exhausted);
    CHECK(shelf.find(id).finished_at == wall(10));
    const DeliveryId other = shelf.put(lane("b"), "msg_2");
    CHECK(shelf.record(shelf.take(lane("b"), 10), Kind::discarded, 11).recorded);
    CHECK(shelf.status(other) == DeliveryStatus::discarded);
    CHECK(shelf.find(other).error == "gone");
  }

  SECTION("Attempts are kept in their order") {
    shelf.record(claim, Kind::retry, 10, 20);
    shelf.record(shelf.take(lane("a"), 20), Kind::delivered, 30);
    const auto attempts = shelf.store->attempts(id).value();
    REQUIRE(attempts.size() == 2);
    CHECK(attempts[0].number == 1);
    CHECK(attempts[0].http_status == 500);
    CHECK(attempts[0].error == "HTTP 500");
    CHECK(attempts[1].number == 2);
    CHECK(attempts[1].http_status == 200);
    CHECK(attempts[1].url == "https://a.example/");
  }

  SECTION("Attempts of one number are all kept") {
    for (const std::int64_t now : {10, 20, 30}) {
      Claim same = now == 10 ? claim : shelf.take(lane("a"), now);
      same.attempts = 4;
      REQUIRE(shelf.record(same, Kind::retry, now, now + 5).recorded);
    }
    const auto attempts = shelf.store->attempts(id).value();
    REQUIRE(attempts.size() == 3);
    for (const Attempt& attempt : attempts) CHECK(attempt.number == 5);
  }

  SECTION("More attempts than there is room for do no harm") {
    const DeliveryId other = shelf.put(lane("b"));
    for (const std::int64_t now : {10, 20, 30, 40}) {
      Claim many = now == 10 ? claim : shelf.take(lane("a"), now);
      many.attempts = 1'020 + static_cast<std::uint32_t>(now / 10);
      CHECK(shelf.record(many, Kind::retry, now, now + 5).recorded);
    }
    CHECK(shelf.store->attempts(id)->size() >= 2);
    CHECK(shelf.store->attempts(other)->empty());
  }

  SECTION("A round records outcomes of every kind, each once") {
    std::vector<Claim> claims;
    for (const char* webhook : {"b", "c", "d", "e"}) {
      shelf.put(lane(webhook));
      claims.push_back(shelf.take(lane(webhook), 0));
    }
    Claim stale = claims[3];
    ++stale.lease;
    Claim unknown = claim;
    unknown.id = 999;
    StoreWork round;
    round.outcomes = {Shelf::outcome_of(claim, Kind::delivered, 10),
                      Shelf::outcome_of(claims[0], Kind::retry, 10, 50),
                      Shelf::outcome_of(unknown, Kind::delivered, 10),
                      Shelf::outcome_of(claims[1], Kind::released, 10, 60),
                      Shelf::outcome_of(stale, Kind::delivered, 10),
                      Shelf::outcome_of(claim, Kind::exhausted, 10),
                      Shelf::outcome_of(claims[2], Kind::discarded, 10),
                      Shelf::outcome_of(claims[3], Kind::exhausted, 10)};
    std::vector<bool> recorded;
    for (const auto& each : shelf.work(round, 10).recorded) recorded.push_back(each.recorded);
    CHECK(recorded == std::vector<bool>{true, true, false, true, false, false, true, true});
    CHECK(shelf.status(id) == DeliveryStatus::delivered);
    CHECK(shelf.find(claims[0].id).next_attempt_at == wall(50));
    CHECK(shelf.find(claims[1].id).attempts == 0);
    CHECK(shelf.find(claims[2].id).error == "gone");
    CHECK(shelf.find(claims[3].id).error == "HTTP 500");
    CHECK(shelf.store->attempts(id)->size() == 1);
    CHECK(shelf.store->attempts(claims[2].id)->empty());
    CHECK(shelf.store->counts()->pending == 2);
  }

  SECTION("A lane has been failing since the first attempt that failed") {
    CHECK(shelf.record(claim, Kind::retry, 10, 20).failing_since == at(10));
    CHECK(shelf.record(shelf.take(lane("a"), 20), Kind::retry, 30, 40).failing_since == at(10));
    CHECK(shelf.store->lanes({})->lanes.at(0).failing_since == wall(10));
    CHECK(shelf.record(shelf.take(lane("a"), 40), Kind::exhausted, 50).failing_since == at(10));
    shelf.put(lane("a"), "msg_2", 50);
    CHECK_FALSE(shelf.record(shelf.take(lane("a"), 60), Kind::delivered, 70).failing_since);
    shelf.put(lane("a"), "msg_3", 70);
    CHECK(shelf.record(shelf.take(lane("a"), 80), Kind::exhausted, 90).failing_since == at(90));
  }

  SECTION("What makes no attempt leaves a lane as failing as it was") {
    CHECK_FALSE(shelf.record(claim, Kind::released, 10, 10).failing_since);
    shelf.record(shelf.take(lane("a"), 20), Kind::retry, 30, 40);
    CHECK(shelf.record(shelf.take(lane("a"), 40), Kind::released, 50, 50).failing_since == at(30));
    CHECK(shelf.record(shelf.take(lane("a"), 60), Kind::discarded, 70).failing_since == at(30));
  }

  SECTION("A try that does not count says nothing about its lane") {
    Outcome outcome;
    outcome.kind = Kind::retry;
    outcome.claim = claim;
    outcome.due = at(20);
    outcome.at = wall(10);
    StoreWork round;
    round.outcomes = {outcome};
    const RecordedOutcome recorded = shelf.work(round, 10).recorded.at(0);
    CHECK(recorded.recorded);
    CHECK_FALSE(recorded.failing_since);
    CHECK(shelf.find(id).attempts == 0);
  }

  SECTION("A lane that is held as fresh forgets since when it has been failing") {
    shelf.record(claim, Kind::retry, 10, 20);
    shelf.hold(lane("a"), DueTime::min(), 15);
    CHECK(shelf.store->lanes({})->lanes.at(0).failing_since == wall(10));
    shelf.hold(lane("a"), DueTime::min(), 20, true);
    CHECK_FALSE(shelf.store->lanes({})->lanes.at(0).failing_since);
    CHECK(shelf.record(shelf.take(lane("a"), 30), Kind::retry, 40, 50).failing_since == at(40));
  }
}

}  // namespace hookline::fakes
