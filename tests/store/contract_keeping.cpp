// What erasure and retention promise.

#include "catch.hpp"
#include "store/shelf.hpp"

namespace hookline::fakes {
namespace {

using Kind = Outcome::Kind;
using std::chrono::seconds;

NewEvent of_import(NewEvent event, const std::string& import_id) {
  event.receipt.import_id = import_id;
  return event;
}

StoreReply prune(const Shelf& shelf, std::int64_t now, const Retention& retention = {},
                 std::size_t count = 100) {
  StoreWork round;
  round.prune = count;
  round.retention = retention;
  return shelf.work(round, now);
}

/// Everything is kept for a year, but for what a test says.
Retention long_retention() {
  Retention retention;
  retention.delivered = std::chrono::hours(24 * 365);
  retention.exhausted_and_discarded = std::chrono::hours(24 * 365);
  retention.pending = std::chrono::hours(24 * 365);
  return retention;
}

}  // namespace

void check_erasure(const MakeStore& create) {
  const Shelf shelf(create());

  SECTION("With an import goes what is known of a receiver that only it has named") {
    const Claim failing = shelf.put_leased(basic_lane());
    CHECK(shelf.record(failing, Kind::exhausted, 1).failing_since == at(1));
    shelf.hold(basic_lane(), DueTime::max(), 2);
    CHECK(shelf.store->erase({"t", "import-1"}, 100)->count == 1);
    const Claim next = shelf.put_leased(basic_lane(), "msg_2", 3);
    CHECK_FALSE(shelf.record(next, Kind::released, 4).failing_since);
  }

  SECTION("Nothing of a tenant remains, whatever state it is in, and nothing else goes") {
    const DeliveryId delivered = shelf.put(lane("a"), "msg_1");
    shelf.finish(lane("a"), Kind::delivered, 1);
    const DeliveryId in_flight = shelf.put(lane("a"), "msg_2", 2);
    const Claim claim = shelf.take(lane("a"), 2);
    const DeliveryId pending = shelf.put(lane("a"), "msg_3", 3);
    const DeliveryId other = shelf.put(lane("a", "u"), "msg_4", 4);

    const StoreBite bite = shelf.store->erase({"t", {}}, 100).value();
    CHECK(bite.count == 3);
    CHECK_FALSE(bite.next);
    for (const DeliveryId id : {delivered, in_flight, pending}) {
      CHECK(shelf.store->find(id).error().code == ErrorCode::delivery_not_found);
      CHECK(shelf.store->attempts(id).error().code == ErrorCode::delivery_not_found);
      CHECK(shelf.store->replay(id, moment(5)).error().code == ErrorCode::delivery_not_found);
    }
    CHECK(shelf.listed() == std::vector<DeliveryId>{other});
    CHECK(shelf.store->lanes({})->lanes.size() == 1);
    CHECK(shelf.store->counts("t")->pending == 0);
    CHECK(shelf.store->counts()->pending == 1);
    CHECK_FALSE(shelf.record(claim, Kind::delivered, 6).recorded);
    CHECK(shelf.work({}, 70'000).recorded.empty());  // no lease is left to end
    CHECK(shelf.store->counts("t")->pending == 0);
  }

  SECTION("Only what belongs to the import goes, its keys too") {
    const auto one = [] { return event_with({delivery_to(lane("a"))}); };
    shelf.append(with_key(one(), "k-1"));
    const auto kept = shelf.append(with_key(of_import(one(), "import-2"), "k-2")).ids;
    CHECK(shelf.store->erase({"t", "import-1"}, 100)->count == 1);
    CHECK(shelf.listed() == kept);
    CHECK(shelf.append(with_key(of_import(one(), "import-2"), "k-2")).repeated);
    CHECK_FALSE(shelf.append(with_key(one(), "k-1", "other")).repeated);
  }

  SECTION("Keys of a tenant go with it, and those of others stay") {
    const auto of = [](const std::string& tenant) {
      return event_with({delivery_to(lane("a", tenant))});
    };
    shelf.append(with_key(of("t"), "k"));
    shelf.append(with_key(of("u"), "k"));
    REQUIRE(shelf.store->erase({"t", {}}, 100));
    CHECK_FALSE(shelf.append(with_key(of("t"), "k", "other")).repeated);
    CHECK(shelf.append(with_key(of("u"), "k")).repeated);
  }

  SECTION("Erasure goes in bites until nothing is left") {
    for (int i = 0; i < 5; ++i) {
      const std::string number = std::to_string(i);
      shelf.append(with_key(event_with({delivery_to(lane("a"))}, "msg_" + number), number));
    }
    std::uint64_t count = 0;
    int bites = 0;
    for (; bites < 20; ++bites) {
      const StoreBite bite = shelf.store->erase({"t", {}}, 2).value();
      CHECK(bite.count <= 2);
      count += bite.count;
      if (!bite.next) break;
    }
    CHECK(bites < 20);
    CHECK(count == 5);
    CHECK(shelf.listed().empty());
    for (int i = 0; i < 5; ++i) {
      const NewEvent event = event_with({delivery_to(lane("a"))}, "msg_9");
      CHECK_FALSE(shelf.append(with_key(event, std::to_string(i), "other")).repeated);
    }
  }

  SECTION("Ids are not given out again") {
    const DeliveryId id = shelf.put(lane("a"));
    REQUIRE(shelf.store->erase({"t", {}}, 100));
    CHECK(shelf.store->newest() == id);
    CHECK(shelf.put(lane("a")) > id);
  }
}

void check_retention(const MakeStore& create) {
  const Shelf shelf(create());
  Retention retention = long_retention();

  SECTION("What was delivered goes so long after it ended") {
    retention.delivered = seconds(10);
    const DeliveryId id = shelf.put(lane("a"));
    shelf.finish(lane("a"), Kind::delivered, 5'000);
    CHECK(prune(shelf, 14'999, retention).next_prune == at(15'000));
    CHECK(shelf.has(id));
    CHECK_FALSE(prune(shelf, 15'001, retention).next_prune);
    CHECK_FALSE(shelf.has(id));
  }

  SECTION("What was exhausted or discarded goes so long after it ended") {
    retention.exhausted_and_discarded = seconds(10);
    const DeliveryId exhausted = shelf.put(lane("a"), "msg_1");
    shelf.finish(lane("a"), Kind::exhausted, 1'000);
    const DeliveryId discarded = shelf.put(lane("a"), "msg_2", 1'000);
    DeliveryQuery query;
    query.id = discarded;
    REQUIRE(shelf.store->discard(query, "no", moment(2'000)));
    const DeliveryId refused =
        shelf
            .append(event_with({ended_delivery_to(lane("a"), DeliveryStatus::exhausted, "no")},
                               "msg_3", 3'000))
            .ids.at(0);
    CHECK(prune(shelf, 10'999, retention).next_prune == at(11'000));
    CHECK(shelf.has(exhausted));
    CHECK(prune(shelf, 11'001, retention).next_prune == at(12'000));
    CHECK_FALSE(shelf.has(exhausted));
    CHECK(prune(shelf, 12'001, retention).next_prune == at(13'000));
    CHECK_FALSE(shelf.has(discarded));
    CHECK(shelf.has(refused));
    prune(shelf, 13'001, retention);
    CHECK_FALSE(shelf.has(refused));
  }

  SECTION("What has waited too long is discarded, and the round says so") {
    retention.pending = seconds(10);
    const DeliveryId id = shelf.append(event_with({delivery_to(lane("a"), 99'000)})).ids.at(0);
    CHECK(prune(shelf, 9'999, retention).next_prune == at(10'000));
    CHECK(shelf.status(id) == DeliveryStatus::pending);
    const StoreReply reply = prune(shelf, 10'001, retention);
    REQUIRE(reply.pruned.size() == 1);
    CHECK(reply.pruned[0].id == id);
    CHECK(reply.pruned[0].status == DeliveryStatus::discarded);
    const Delivery delivery = shelf.find(id);
    CHECK(delivery.status == DeliveryStatus::discarded);
    CHECK(delivery.finished_at == wall(10'001));
    CHECK_FALSE(delivery.error.empty());
    CHECK(prune(shelf, 10'002, retention).pruned.empty());
  }

  SECTION("A request that is out is not too old, but its retry can be") {
    retention.pending = seconds(10);
    const DeliveryId id = shelf.put(lane("a"));
    const Claim claim = shelf.take(lane("a"), 9'000);
    CHECK(prune(shelf, 11'000, retention).pruned.empty());
    CHECK(shelf.status(id) == DeliveryStatus::in_flight);
    shelf.record(claim, Kind::retry, 12'000, 99'000);
    CHECK(prune(shelf, 12'001, retention).pruned.size() == 1);
  }

  SECTION("A replay waits from when it was asked for") {
    retention.pending = seconds(10);
    const DeliveryId id = shelf.put(lane("a"));
    shelf.finish(lane("a"), Kind::exhausted, 1);
    REQUIRE(shelf.store->replay(id, moment(9'000)));
    CHECK(prune(shelf, 18'999, retention).pruned.empty());
    CHECK(prune(shelf, 19'001, retention).pruned.size() == 1);
  }

  SECTION("Bodies go after the last delivery of their event has ended, and records stay") {
    retention.bodies = seconds(10);
    const auto ids = shelf.append(event_with({delivery_to(lane("a")), delivery_to(lane("b"))})).ids;
    shelf.finish(lane("a"), Kind::delivered, 1'000);
    prune(shelf, 20'000, retention);
    CHECK(*shelf.take(lane("b"), 20'000).body == "managed");  // still needed
    shelf.work({}, 80'000);
    shelf.finish(lane("b"), Kind::exhausted, 85'000);
    CHECK(prune(shelf, 94'999, retention).next_prune == at(95'000));
    CHECK(prune(shelf, 95'001, retention).pruned.empty());
    CHECK(shelf.status(ids[0]) == DeliveryStatus::delivered);
    CHECK(shelf.store->replay(ids[0], moment(95'002)).error().code == ErrorCode::body_dropped);
    RecoverQuery query;
    query.lane = lane("b");
    query.up_to = ids[1];
    CHECK(shelf.store->recover(query, moment(95'003))->count == 0);
  }

  SECTION("A replay keeps the body until it has ended itself") {
    retention.bodies = seconds(10);
    const DeliveryId id = shelf.put(lane("a"));
    shelf.finish(lane("a"), Kind::exhausted, 1'000);
    REQUIRE(shelf.store->replay(id, moment(5'000)));
    prune(shelf, 20'000, retention);
    CHECK(*shelf.take(lane("a"), 20'001).body == "managed");
  }

  SECTION("A replay keeps the body when the record of the original has gone") {
    retention.exhausted_and_discarded = seconds(10);
    const DeliveryId id = shelf.put(lane("a"));
    shelf.finish(lane("a"), Kind::exhausted, 1'000);
    REQUIRE(shelf.store->replay(id, moment(5'000)));
    prune(shelf, 20'000, retention);
    CHECK_FALSE(shelf.has(id));
    CHECK(*shelf.take(lane("a"), 20'001).body == "managed");
  }

  SECTION("Keys are pruned when they have expired") {
    shelf.append(with_key(event_with({}), "k", "same", 10'000));
    CHECK(prune(shelf, 9'999, retention).next_prune == at(10'000));
    CHECK_FALSE(prune(shelf, 10'001, retention).next_prune);
  }

  SECTION("A round prunes no more than it is told, and says that more is left") {
    retention.delivered = seconds(10);
    for (int i = 0; i < 5; ++i) shelf.put(lane("a"), "msg_" + std::to_string(i));
    shelf.finish(lane("a"), Kind::delivered, 1'000);
    CHECK(prune(shelf, 20'000, retention, 0).next_prune.value() <= at(20'000));
    CHECK(shelf.listed().size() == 5);
    CHECK(prune(shelf, 20'000, retention, 2).next_prune.value() <= at(20'000));
    CHECK(shelf.listed().size() == 3);
    CHECK_FALSE(prune(shelf, 20'000, retention, 3).next_prune);
    CHECK(shelf.listed().empty());
  }

  SECTION("What is kept for ever is never pruned") {
    retention.delivered = seconds::max();
    const DeliveryId id = shelf.put(lane("a"));
    shelf.finish(lane("a"), Kind::delivered, 1);
    CHECK_FALSE(prune(shelf, 9'000 * kDay, retention).next_prune);
    CHECK(shelf.has(id));
  }
}

}  // namespace hookline::fakes
