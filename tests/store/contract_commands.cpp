// What an operator's commands promise: replay, recover, discard, pause.

#include "catch.hpp"
#include "store/shelf.hpp"

namespace hookline::fakes {
namespace {

using Kind = Outcome::Kind;

RecoverQuery recovery(const LaneKey& key, std::int64_t since = 0, std::size_t limit = 100) {
  RecoverQuery query;
  query.lane = key;
  query.since = wall(since);
  query.up_to = 1'000'000;
  query.limit = limit;
  return query;
}

DeliveryQuery of_webhook(const std::string& webhook) {
  DeliveryQuery query;
  query.webhook_id = webhook;
  return query;
}

}  // namespace

void check_replay(const MakeStore& create) {
  const Shelf shelf(create());

  SECTION("A replay is a delivery of its own, of the same event") {
    const DeliveryId id = shelf.put(lane("a"));
    const Claim claim = shelf.take(lane("a"), 0);
    shelf.record(claim, Kind::delivered, 1);
    const Delivery again = shelf.store->replay(id, moment(50)).value();
    CHECK(again.id > id);
    CHECK(again.replay_of == id);
    CHECK(again.status == DeliveryStatus::pending);
    CHECK(again.created_at == wall(50));
    CHECK(again.attempts == 0);
    const Claim replayed = shelf.take(lane("a"), 50);
    CHECK(replayed.id == again.id);
    CHECK(replayed.replay_of == id);
    CHECK(replayed.message_id == claim.message_id);
    CHECK(replayed.import_id == claim.import_id);
    REQUIRE(replayed.body);
    CHECK(*replayed.body == *claim.body);
    CHECK(shelf.status(id) == DeliveryStatus::delivered);
  }

  SECTION("A replay to a basic webhook goes to the same address") {
    NewDelivery basic = delivery_to(basic_lane());
    basic.url = "https://b.example/?key=1";
    const DeliveryId id = shelf.append(event_with({basic})).ids.at(0);
    shelf.finish(basic_lane(), Kind::exhausted, 1);
    REQUIRE(shelf.store->replay(id, moment(2)));
    CHECK(shelf.take(basic_lane(), 3).url == "https://b.example/?key=1");
  }

  SECTION("What is not there cannot be replayed") {
    CHECK(shelf.store->replay(999, moment(0)).error().code == ErrorCode::delivery_not_found);
  }
}

void check_recover(const MakeStore& create) {
  const Shelf shelf(create());

  SECTION("Recovery replays what ended without success, and nothing else") {
    const DeliveryId exhausted = shelf.put(lane("a"), "msg_1");
    shelf.finish(lane("a"), Kind::exhausted, 1);
    const DeliveryId discarded = shelf.put(lane("a"), "msg_2");
    shelf.finish(lane("a"), Kind::discarded, 2);
    shelf.put(lane("a"), "msg_3");
    shelf.finish(lane("a"), Kind::delivered, 3);
    shelf.put(lane("a"), "msg_4");  // still waits
    shelf.put(lane("b"), "msg_5");
    shelf.finish(lane("b"), Kind::exhausted, 4);
    shelf.put(lane("a", "u"), "msg_6");
    shelf.finish(lane("a", "u"), Kind::exhausted, 5);

    const StoreBite bite = shelf.store->recover(recovery(lane("a")), moment(10)).value();
    CHECK(bite.count == 2);
    CHECK_FALSE(bite.next);
    REQUIRE(bite.deliveries.size() == 2);
    CHECK(bite.deliveries[0].replay_of == exhausted);
    CHECK(bite.deliveries[1].replay_of == discarded);
    CHECK(bite.deliveries[0].status == DeliveryStatus::pending);
    CHECK(shelf.status(bite.deliveries[0].id) == DeliveryStatus::pending);
  }

  SECTION("Recovery leaves out what was sent to the lane again, whatever became of that") {
    const DeliveryId id = shelf.put(lane("a"));
    shelf.finish(lane("a"), Kind::exhausted, 1);
    CHECK(shelf.store->recover(recovery(lane("a")), moment(2))->count == 1);
    CHECK(shelf.store->recover(recovery(lane("a")), moment(3))->count == 0);
    shelf.finish(lane("a"), Kind::exhausted, 4);
    const StoreBite bite = shelf.store->recover(recovery(lane("a")), moment(5)).value();
    REQUIRE(bite.count == 1);  // the replay, not the one that it repeats
    CHECK(bite.deliveries.at(0).replay_of != id);
    shelf.finish(lane("a"), Kind::delivered, 6);
    CHECK(shelf.store->recover(recovery(lane("a")), moment(7))->count == 0);
  }

  SECTION("What went to another lane does not count as sent again") {
    shelf.append(event_with({delivery_to(lane("a")), delivery_to(lane("b"))}));
    shelf.finish(lane("a"), Kind::exhausted, 1);
    CHECK(shelf.store->recover(recovery(lane("a")), moment(2))->count == 1);
  }

  SECTION("Recovery begins with what was accepted then, and ends with the id that is named") {
    shelf.put(lane("a"), "msg_1", 10);
    const DeliveryId second = shelf.put(lane("a"), "msg_2", 20);
    shelf.put(lane("a"), "msg_3", 30);
    shelf.finish(lane("a"), Kind::exhausted, 40);
    RecoverQuery query = recovery(lane("a"), 20);
    query.up_to = second;
    const StoreBite bite = shelf.store->recover(query, moment(50)).value();
    REQUIRE(bite.count == 1);
    CHECK(bite.deliveries.at(0).replay_of == second);
  }

  SECTION("Recovery goes in bites until it is done") {
    for (int i = 0; i < 5; ++i) shelf.put(lane("a"), "msg_" + std::to_string(i));
    shelf.finish(lane("a"), Kind::exhausted, 1);
    RecoverQuery query = recovery(lane("a"), 0, 2);
    query.up_to = shelf.store->newest().value();
    std::uint64_t count = 0;
    int bites = 0;
    for (; bites < 10; ++bites) {
      const StoreBite bite = shelf.store->recover(query, moment(2)).value();
      CHECK(bite.count <= 2);
      count += bite.count;
      if (!bite.next) break;
      query.after = *bite.next;
    }
    CHECK(bites < 10);
    CHECK(count == 5);
    CHECK(shelf.store->counts()->pending == 5);
  }

  SECTION("A bite of nothing is refused") {
    CHECK(shelf.store->recover(recovery(lane("a"), 0, 0), moment(0)).error().code ==
          ErrorCode::invalid_query);
  }
}

void check_discard(const MakeStore& create) {
  const Shelf shelf(create());

  SECTION("What waits ends at once, for the reason given") {
    const DeliveryId id = shelf.put(lane("a"), "msg_1");
    const DeliveryId other = shelf.put(lane("b"), "msg_2");
    const StoreBite bite = shelf.store->discard(of_webhook("a"), "no more", moment(9)).value();
    CHECK(bite.count == 1);
    REQUIRE(bite.deliveries.size() == 1);
    CHECK(bite.deliveries[0].id == id);
    CHECK(bite.deliveries[0].status == DeliveryStatus::discarded);
    const Delivery delivery = shelf.find(id);
    CHECK(delivery.status == DeliveryStatus::discarded);
    CHECK(delivery.error == "no more");
    CHECK(delivery.finished_at == wall(9));
    CHECK_FALSE(delivery.next_attempt_at);
    CHECK(shelf.claim(lane("a"), 1, 10).claims.empty());
    CHECK(shelf.status(other) == DeliveryStatus::pending);
  }

  SECTION("A request that is out is let finish, and what it comes to counts") {
    const DeliveryId id = shelf.put(lane("a"));
    const Claim claim = shelf.take(lane("a"), 0);
    const StoreBite bite = shelf.store->discard(of_webhook("a"), "no more", moment(9)).value();
    CHECK(bite.count == 1);
    CHECK(bite.deliveries.empty());
    CHECK(shelf.status(id) == DeliveryStatus::in_flight);

    SECTION("a success is a success") {
      CHECK(shelf.record(claim, Kind::delivered, 10).taken_off.empty());
      CHECK(shelf.status(id) == DeliveryStatus::delivered);
    }
    SECTION("what would wait again is discarded, with its attempt") {
      const RecordedOutcome recorded = shelf.record(claim, Kind::retry, 10, 5'000);
      CHECK(recorded.recorded);
      CHECK(recorded.taken_off == "no more");
      CHECK(recorded.failing_since == at(10));
      CHECK(shelf.status(id) == DeliveryStatus::discarded);
      CHECK(shelf.find(id).error == "no more");
      CHECK(shelf.find(id).attempts == 1);
      CHECK(shelf.store->attempts(id)->size() == 1);
    }
    SECTION("what is released is discarded") {
      CHECK(shelf.record(claim, Kind::released, 10, 10).taken_off == "no more");
      CHECK(shelf.status(id) == DeliveryStatus::discarded);
      CHECK(shelf.find(id).finished_at == wall(10));
    }
    SECTION("what is lost is discarded") {
      shelf.work({}, 60'000);
      CHECK(shelf.status(id) == DeliveryStatus::discarded);
      CHECK(shelf.find(id).finished_at == wall(60'000));
      CHECK(shelf.find(id).error == "no more");
    }
  }

  SECTION("What has ended stays as it ended") {
    const DeliveryId id = shelf.put(lane("a"));
    shelf.finish(lane("a"), Kind::delivered, 1);
    CHECK(shelf.store->discard(of_webhook("a"), "no", moment(2))->count == 0);
    CHECK(shelf.status(id) == DeliveryStatus::delivered);
  }

  SECTION("Every field that is set must hold, but for the status") {
    const auto ids = shelf.append(event_with({delivery_to(lane("a")), delivery_to(lane("b"))}));
    shelf.put(lane("a", "u"));
    DeliveryQuery query = of_webhook("a");
    query.tenant = "t";
    query.import_id = "import-1";
    query.message_id = "msg_1";
    query.status = DeliveryStatus::delivered;
    CHECK(shelf.store->discard(query, "no", moment(1))->count == 1);
    CHECK(shelf.status(ids.ids[0]) == DeliveryStatus::discarded);
    query = {};
    query.id = ids.ids[1];
    CHECK(shelf.store->discard(query, "no", moment(2))->count == 1);
    CHECK(shelf.store->counts()->pending == 1);
  }

  SECTION("Discarding goes in bites until it is done") {
    for (int i = 0; i < 5; ++i) shelf.put(lane("a"), "msg_" + std::to_string(i));
    shelf.take(lane("a"), 0);  // stays unfinished, and is not touched over and over
    DeliveryQuery query = of_webhook("a");
    query.limit = 2;
    std::uint64_t count = 0;
    int bites = 0;
    for (; bites < 10; ++bites) {
      const StoreBite bite = shelf.store->discard(query, "no", moment(1)).value();
      CHECK(bite.count <= 2);
      count += bite.count;
      if (!bite.next) break;
      query.after = *bite.next;
    }
    CHECK(bites < 10);
    CHECK(count == 5);
    CHECK(shelf.store->counts()->discarded == 4);
  }

  SECTION("A query that names nothing discards nothing") {
    const DeliveryId id = shelf.put(lane("a"));
    DeliveryQuery nothing;
    nothing.status = DeliveryStatus::pending;
    CHECK(shelf.store->discard(nothing, "no", moment(1)).error().code == ErrorCode::invalid_query);
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1001}}) {
      DeliveryQuery query = of_webhook("a");
      query.limit = limit;
      CHECK(shelf.store->discard(query, "no", moment(1)).error().code == ErrorCode::invalid_query);
    }
    CHECK(shelf.status(id) == DeliveryStatus::pending);
  }
}

void check_pause(const MakeStore& create) {
  const Shelf shelf(create());

  SECTION("Every round says whether the store is paused") {
    CHECK_FALSE(shelf.work({}, 0).paused);
    REQUIRE(shelf.store->set_paused(true));
    CHECK(shelf.work({}, 1).paused);
    CHECK(shelf.work({}, 2).paused);
    REQUIRE(shelf.store->set_paused(false));
    CHECK_FALSE(shelf.work({}, 3).paused);
  }
}

}  // namespace hookline::fakes
