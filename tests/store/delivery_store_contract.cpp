#include "store/delivery_store_contract.hpp"

#include <string>
#include <utility>

#include "catch.hpp"

namespace hookline::fakes {
namespace {

using std::chrono::milliseconds;

DueTime at(std::int64_t ms) { return DueTime(milliseconds(1'700'000'000'000 + ms)); }

std::chrono::system_clock::time_point wall(std::int64_t ms) {
  return std::chrono::system_clock::time_point(milliseconds(1'700'000'000'000 + ms));
}

LaneKey lane(const std::string& webhook, const std::string& tenant = "t") {
  return {tenant, webhook, ""};
}

NewDelivery delivery_to(const LaneKey& key, DueTime due = at(0)) {
  NewDelivery delivery;
  delivery.lane = key;
  delivery.due = due;
  return delivery;
}

NewEvent event_with(std::vector<NewDelivery> deliveries, const std::string& message = "msg_1") {
  NewEvent event;
  event.message_id = message;
  event.tenant = deliveries.empty() ? "t" : deliveries[0].lane.tenant;
  event.import_id = "import-1";
  event.created_at = wall(0);
  event.managed_body = std::make_shared<const std::string>("managed");
  event.basic_body = std::make_shared<const std::string>("basic");
  event.deliveries = std::move(deliveries);
  event.lease_until = at(60'000);
  return event;
}

/// A store and the words in which tests talk to it.
struct Shelf {
  explicit Shelf(std::unique_ptr<DeliveryStore> made) : store(std::move(made)) {}

  std::vector<DeliveryId> append(NewEvent event) {
    std::vector<NewEvent> events;
    events.push_back(std::move(event));
    return store->append(std::move(events)).front().value();
  }

  StoreReply work(StoreWork round, std::int64_t now) {
    round.now = at(now);
    round.lease_until = at(now + 60'000);
    return store->exchange(round).value();
  }

  ClaimedLane claim(const LaneKey& key, std::size_t count, std::int64_t now, bool early = false) {
    StoreWork round;
    round.claims = {{key, count, early}};
    return work(round, now).claimed.at(0);
  }

  bool record(const Claim& claim, Outcome::Kind kind, std::int64_t now, std::int64_t due = 0) {
    Outcome outcome;
    outcome.kind = kind;
    outcome.claim = claim;
    outcome.due = at(due);
    outcome.at = wall(now);
    if (kind != Outcome::Kind::released && kind != Outcome::Kind::discarded) {
      outcome.attempt = Attempt();
      outcome.attempt->number = claim.attempts + 1;
      outcome.attempt->url = "https://a.example/";
    }
    StoreWork round;
    round.outcomes = {outcome};
    return work(round, now).recorded.at(0);
  }

  std::vector<LaneKey> list(std::size_t count, std::int64_t now) {
    StoreWork round;
    round.list_lanes = count;
    return work(round, now).due_lanes;
  }

  void hold(const LaneKey& key, DueTime until) {
    StoreWork round;
    round.holds = {{key, until}};
    work(round, 0);
  }

  DeliveryStatus status(DeliveryId id) { return store->find(id).value().status; }

  std::unique_ptr<DeliveryStore> store;
};

void check_append(Shelf shelf) {
  NewDelivery basic = delivery_to({"t", "", "https://b.example"});
  basic.url = "https://b.example/?key=1";
  NewDelivery refused = basic;
  refused.refused = "policy: no";
  const auto ids = shelf.append(event_with({delivery_to(lane("a")), basic, refused}));

  REQUIRE(ids.size() == 3);
  CHECK(ids[0] < ids[1]);
  CHECK(shelf.status(ids[0]) == DeliveryStatus::pending);
  CHECK(shelf.store->find(ids[0])->next_attempt_at == wall(0));
  CHECK(shelf.status(ids[2]) == DeliveryStatus::exhausted);
  CHECK(shelf.store->find(ids[2])->error == "policy: no");
  CHECK(shelf.claim(lane("a"), 5, 0).claims.at(0).body->compare("managed") == 0);
  const auto claimed = shelf.claim(basic.lane, 5, 0);
  REQUIRE(claimed.claims.size() == 1);
  CHECK(*claimed.claims[0].body == "basic");
  CHECK(claimed.claims[0].url == basic.url);
  CHECK(claimed.claims[0].lane.origin == "https://b.example");
}

void check_claims(Shelf shelf) {
  shelf.append(event_with({delivery_to(lane("a"), at(20)), delivery_to(lane("a"), at(10)),
                           delivery_to(lane("a"), at(500)), delivery_to(lane("b"), at(0))}));
  CHECK(shelf.claim(lane("a"), 5, 5).claims.empty());

  const auto first = shelf.claim(lane("a"), 1, 100);
  REQUIRE(first.claims.size() == 1);
  CHECK(first.claims[0].due == at(10));  // the one that has been due longest
  CHECK(first.claims[0].lease == 1);
  CHECK(first.claims[0].lease_until == at(60'100));
  CHECK(first.more);
  const auto rest = shelf.claim(lane("a"), 5, 100);
  REQUIRE(rest.claims.size() == 1);
  CHECK_FALSE(rest.more);
  const auto early = shelf.claim(lane("a"), 5, 100, true);
  REQUIRE(early.claims.size() == 1);
  CHECK(early.claims[0].due == at(500));
  CHECK(shelf.claim(lane("nobody"), 5, 100).claims.empty());
}

void check_outcomes(Shelf shelf) {
  const auto id = shelf.append(event_with({delivery_to(lane("a"))})).at(0);
  const Claim first = shelf.claim(lane("a"), 1, 0).claims.at(0);
  CHECK(shelf.status(id) == DeliveryStatus::in_flight);
  CHECK(shelf.record(first, Outcome::Kind::retry, 10, 5'000));
  CHECK(shelf.status(id) == DeliveryStatus::pending);
  CHECK_FALSE(shelf.record(first, Outcome::Kind::delivered, 20));  // recorded already
  CHECK(shelf.claim(lane("a"), 1, 4'999).claims.empty());

  const Claim second = shelf.claim(lane("a"), 1, 5'000).claims.at(0);
  CHECK(second.attempts == 1);
  CHECK(shelf.record(second, Outcome::Kind::released, 5'010, 5'000));
  CHECK(shelf.store->find(id)->attempts == 1);  // a release does not count
  const Claim third = shelf.claim(lane("a"), 1, 5'020).claims.at(0);
  CHECK(shelf.record(third, Outcome::Kind::delivered, 5'030));
  CHECK(shelf.status(id) == DeliveryStatus::delivered);
  CHECK(shelf.store->find(id)->finished_at == wall(5'030));
  CHECK(shelf.store->attempts(id)->size() == 2);
  CHECK(shelf.claim(lane("a"), 1, 100'000'000).claims.empty());
}

void check_leases(Shelf shelf) {
  NewDelivery born = delivery_to(lane("a"));
  born.leased = true;
  const auto id = shelf.append(event_with({born})).at(0);
  CHECK(shelf.status(id) == DeliveryStatus::in_flight);
  CHECK(shelf.claim(lane("a"), 1, 0).claims.empty());
  Claim lost;
  lost.id = id;
  lost.lease = 1;

  // The lease ends at 60 s: the delivery comes back, later each time, and the old lease is void.
  CHECK(shelf.claim(lane("a"), 1, 59'999).claims.empty());
  CHECK(shelf.list(5, 60'000).empty());
  CHECK(shelf.status(id) == DeliveryStatus::pending);
  CHECK_FALSE(shelf.record(lost, Outcome::Kind::delivered, 60'001));
  const Claim again = shelf.claim(lane("a"), 1, 70'000).claims.at(0);
  CHECK(again.lease > lost.lease);
  CHECK(again.attempts == 0);
  CHECK_FALSE(shelf.record(lost, Outcome::Kind::delivered, 70'001));
  CHECK(shelf.record(again, Outcome::Kind::delivered, 70'002));
}

void check_listing(Shelf shelf) {
  shelf.append(event_with({delivery_to(lane("b"), at(20)), delivery_to(lane("a"), at(10)),
                           delivery_to(lane("c"), at(500))}));
  CHECK(shelf.work(StoreWork(), 0).next_due == at(10));
  CHECK(shelf.list(5, 5).empty());
  CHECK(shelf.list(1, 100) == std::vector<LaneKey>{lane("a")});
  CHECK(shelf.list(5, 100) == std::vector<LaneKey>{lane("b")});  // a is the caller's now
  CHECK(shelf.work(StoreWork(), 100).next_due == at(500));

  // Emptying a lane gives it back: it is listed when something is due in it again.
  CHECK_FALSE(shelf.claim(lane("a"), 5, 100).more);
  shelf.append(event_with({delivery_to(lane("a"), at(200))}, "msg_2"));
  CHECK(shelf.list(5, 300) == std::vector<LaneKey>{lane("a")});
}

void check_holds(Shelf shelf) {
  shelf.hold(lane("a"), DueTime::max());
  shelf.append(event_with({delivery_to(lane("a"))}));
  CHECK(shelf.list(5, 1'000).empty());
  CHECK_FALSE(shelf.work(StoreWork(), 1'000).next_due);  // nothing to wake up for
  shelf.hold(lane("a"), at(2'000));
  CHECK(shelf.list(5, 1'999).empty());
  CHECK(shelf.work(StoreWork(), 1'999).next_due == at(2'000));
  CHECK(shelf.list(5, 2'000).size() == 1);
  shelf.hold(lane("a"), DueTime::min());
  CHECK(shelf.list(5, 2'000).size() == 1);

  StoreWork first;  // whoever starts anew finds no holds of the one before
  first.first = true;
  first.list_lanes = 5;
  CHECK(shelf.work(first, 2'000).due_lanes.size() == 1);
}

void check_queries(Shelf shelf) {
  shelf.append(event_with({delivery_to(lane("a")), delivery_to(lane("b"))}, "msg_1"));
  shelf.append(event_with({delivery_to(lane("a2", "u"))}, "msg_2"));
  const auto count = [&](const DeliveryQuery& query) {
    return shelf.store->list(query).value().deliveries.size();
  };
  DeliveryQuery query;
  CHECK(count(query) == 3);
  query.tenant = "t";
  CHECK(count(query) == 2);
  query.webhook_id = "b";
  CHECK(count(query) == 1);
  query.tenant = "u";
  CHECK(count(query) == 0);
  query = {};
  query.message_id = "msg_2";
  CHECK(count(query) == 1);
  query = {};
  query.status = DeliveryStatus::delivered;
  CHECK(count(query) == 0);

  query = {};
  query.limit = 2;
  const DeliveryPage page = shelf.store->list(query).value();
  REQUIRE(page.next);
  query.after = *page.next;
  const DeliveryPage last = shelf.store->list(query).value();
  CHECK(last.deliveries.size() == 1);
  CHECK_FALSE(last.next);
  for (const std::size_t limit : {std::size_t{0}, std::size_t{1001}}) {
    query.limit = limit;
    CHECK(shelf.store->list(query).error().code == ErrorCode::invalid_query);
  }
  CHECK(shelf.store->find(999).error().code == ErrorCode::delivery_not_found);
  CHECK(shelf.store->attempts(999).error().code == ErrorCode::delivery_not_found);
}

void check_counts(Shelf shelf) {
  CHECK_FALSE(shelf.store->has_unfinished(1'000).value());
  const auto ids = shelf.append(event_with({delivery_to(lane("a")), delivery_to(lane("b"))}));
  CHECK(shelf.store->counts()->pending == 2);
  CHECK(shelf.store->counts()->oldest_unfinished == wall(0));
  const Claim claim = shelf.claim(lane("a"), 1, 0).claims.at(0);
  CHECK(shelf.store->counts()->in_flight == 1);
  CHECK(shelf.record(claim, Outcome::Kind::delivered, 1));
  const DeliveryCounts counts = shelf.store->counts().value();
  CHECK(counts.delivered == 1);
  CHECK(counts.pending == 1);
  CHECK(counts.in_flight == 0);
  CHECK_FALSE(shelf.store->has_unfinished(ids[0]).value());
  CHECK(shelf.store->has_unfinished(ids[1]).value());
}

void check_replay(Shelf shelf) {
  const auto id = shelf.append(event_with({delivery_to(lane("a"))})).at(0);
  const Claim claim = shelf.claim(lane("a"), 1, 0).claims.at(0);
  CHECK(shelf.record(claim, Outcome::Kind::delivered, 1));
  const Delivery again = shelf.store->replay(id, wall(50), at(50)).value();
  CHECK(again.id > id);
  CHECK(again.replay_of == id);
  CHECK(again.status == DeliveryStatus::pending);
  const Claim replayed = shelf.claim(lane("a"), 1, 50).claims.at(0);
  CHECK(replayed.id == again.id);
  CHECK(replayed.message_id == claim.message_id);
  CHECK(*replayed.body == *claim.body);
  CHECK(replayed.attempts == 0);
  CHECK(shelf.status(id) == DeliveryStatus::delivered);
  CHECK(shelf.store->replay(999, wall(50), at(50)).error().code == ErrorCode::delivery_not_found);
}

}  // namespace

void check_delivery_store_contract(const std::function<std::unique_ptr<DeliveryStore>()>& create) {
  SECTION("an event is stored with its deliveries") { check_append(Shelf(create())); }
  SECTION("claims are due, oldest first, and exclusive") { check_claims(Shelf(create())); }
  SECTION("outcomes are recorded once") { check_outcomes(Shelf(create())); }
  SECTION("a lease that ends gives the delivery back") { check_leases(Shelf(create())); }
  SECTION("lanes are listed when something is due in them") { check_listing(Shelf(create())); }
  SECTION("a held lane is not listed") { check_holds(Shelf(create())); }
  SECTION("queries find what they name, in pages") { check_queries(Shelf(create())); }
  SECTION("counts follow every change") { check_counts(Shelf(create())); }
  SECTION("a replay is a delivery of its own") { check_replay(Shelf(create())); }
}

}  // namespace hookline::fakes
