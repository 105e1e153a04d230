// What questions to a store promise.

#include "catch.hpp"
#include "store/shelf.hpp"

namespace hookline::fakes {

using Kind = Outcome::Kind;

void check_queries(const MakeStore& create) {
  const Shelf shelf(create());

  SECTION("A list has what matches every field that is set") {
    const auto ids =
        shelf.append(event_with({delivery_to(lane("a")), delivery_to(basic_lane())}, "msg_1")).ids;
    NewEvent other = event_with({delivery_to(lane("a", "u"))}, "msg_2");
    other.receipt.import_id = "import-2";
    const DeliveryId last = shelf.append(other).ids.at(0);
    shelf.finish(lane("a", "u"), Kind::delivered, 1);
    using Ids = std::vector<DeliveryId>;

    CHECK(shelf.listed() == Ids{ids[0], ids[1], last});
    DeliveryQuery query;
    query.id = ids[1];
    CHECK(shelf.listed(query) == Ids{ids[1]});
    query.after = ids[1];
    CHECK(shelf.listed(query).empty());
    query = {};
    query.tenant = "t";
    CHECK(shelf.listed(query) == ids);
    query.webhook_id = "a";
    CHECK(shelf.listed(query) == Ids{ids[0]});
    query.webhook_id = "";
    CHECK(shelf.listed(query) == Ids{ids[1]});
    query.tenant = "u";
    CHECK(shelf.listed(query).empty());
    query = {};
    query.import_id = "import-2";
    CHECK(shelf.listed(query) == Ids{last});
    query = {};
    query.message_id = "msg_1";
    CHECK(shelf.listed(query) == ids);
    query = {};
    query.status = DeliveryStatus::delivered;
    CHECK(shelf.listed(query) == Ids{last});
  }

  SECTION("A list comes in pages") {
    for (int i = 0; i < 5; ++i) shelf.put(lane("a"), "msg_" + std::to_string(i));
    DeliveryQuery query;
    query.limit = 2;
    std::size_t count = 0;
    int pages = 1;
    for (; pages < 10; ++pages) {
      const DeliveryPage page = shelf.store->list(query).value();
      CHECK(page.deliveries.size() <= 2);
      count += page.deliveries.size();
      if (!page.next) break;
      query.after = *page.next;
    }
    CHECK(pages == 3);
    CHECK(count == 5);
    query = {};
    query.limit = 5;
    CHECK_FALSE(shelf.store->list(query)->next);
  }

  SECTION("A delivery that was born leased is found in every way that others are") {
    using Ids = std::vector<DeliveryId>;
    const DeliveryId waiting = shelf.put(lane("a"), "msg_1", 20);
    const Claim managed = shelf.put_leased(lane("a"), "msg_2", 10);
    const Claim basic = shelf.put_leased(basic_lane(), "msg_3", 5);
    const Claim other = shelf.put_leased(lane("a", "u"), "msg_4", 30);
    const Ids all{waiting, managed.id, basic.id, other.id};

    CHECK(shelf.listed() == all);
    DeliveryQuery query;
    query.status = DeliveryStatus::in_flight;
    CHECK(shelf.listed(query) == Ids{managed.id, basic.id, other.id});
    query.status = DeliveryStatus::pending;
    CHECK(shelf.listed(query) == Ids{waiting});
    query = {};
    query.tenant = "t";
    CHECK(shelf.listed(query) == Ids{waiting, managed.id, basic.id});
    query.webhook_id = "";
    CHECK(shelf.listed(query) == Ids{basic.id});
    query.tenant.reset();
    CHECK(shelf.listed(query) == Ids{basic.id});
    query.webhook_id = "a";
    CHECK(shelf.listed(query) == Ids{waiting, managed.id, other.id});
    query = {};
    query.id = managed.id;
    CHECK(shelf.listed(query) == Ids{managed.id});
    query = {};
    query.limit = 1;
    for (const DeliveryId id : all) {
      CHECK(shelf.listed(query) == Ids{id});
      query.after = id;
    }
    CHECK(shelf.listed(query).empty());

    CHECK(shelf.store->counts("u")->oldest_unfinished == wall(30));
    CHECK(shelf.store->lanes({})->lanes.size() == 3);
    shelf.finish(lane("a"), Kind::delivered, 40);
    CHECK(shelf.store->counts()->oldest_unfinished == wall(10));
    CHECK(shelf.store->counts("t")->oldest_unfinished == wall(10));
    CHECK(shelf.store->has_unfinished(managed.id).value());
    LaneQuery lanes;
    lanes.tenant = "t";
    REQUIRE(shelf.store->lanes(lanes)->lanes.size() == 2);
    CHECK(shelf.store->lanes(lanes)->lanes[0].oldest_unfinished == wall(10));

    for (const Claim& claim : {managed, basic, other}) shelf.record(claim, Kind::delivered, 50);
    CHECK(shelf.listed() == all);
    CHECK(shelf.store->lanes({})->lanes.empty());
    CHECK_FALSE(shelf.store->counts()->oldest_unfinished);
    CHECK_FALSE(shelf.store->has_unfinished(other.id).value());
  }

  SECTION("A page has between 1 and 1000 entries") {
    for (const std::size_t limit : {std::size_t{0}, std::size_t{1001}}) {
      DeliveryQuery query;
      query.limit = limit;
      CHECK(shelf.store->list(query).error().code == ErrorCode::invalid_query);
      LaneQuery lanes;
      lanes.limit = limit;
      CHECK(shelf.store->lanes(lanes).error().code == ErrorCode::invalid_query);
    }
  }

  SECTION("What is not there is not found") {
    CHECK(shelf.store->find(999).error().code == ErrorCode::delivery_not_found);
    CHECK(shelf.store->attempts(999).error().code == ErrorCode::delivery_not_found);
  }

  SECTION("Counts follow every change, in all and for each tenant") {
    shelf.append(event_with({delivery_to(lane("a")), delivery_to(basic_lane())}, "msg_1", 10));
    shelf.put(lane("a", "u"), "msg_2", 20);
    CHECK(shelf.store->counts()->pending == 3);
    CHECK(shelf.store->counts()->pending_bytes == 7 + 5 + 7);
    CHECK(shelf.store->counts()->oldest_unfinished == wall(10));
    CHECK(shelf.store->counts("u")->pending == 1);
    CHECK(shelf.store->counts("u")->pending_bytes == 7);
    CHECK(shelf.store->counts("u")->oldest_unfinished == wall(20));
    CHECK(shelf.store->counts("nobody")->pending == 0);
    CHECK_FALSE(shelf.store->counts("nobody")->oldest_unfinished);

    const Claim claim = shelf.take(lane("a"), 30);
    CHECK(shelf.store->counts("t")->in_flight == 1);
    CHECK(shelf.store->counts("t")->pending == 1);
    CHECK(shelf.store->counts("t")->pending_bytes == 7 + 5);
    shelf.record(claim, Kind::delivered, 40);
    shelf.finish(basic_lane(), Kind::exhausted, 50);
    shelf.finish(lane("a", "u"), Kind::discarded, 60);
    const DeliveryCounts own = shelf.store->counts("t").value();
    CHECK(own.delivered == 1);
    CHECK(own.exhausted == 1);
    CHECK(own.discarded == 0);
    CHECK(own.in_flight == 0);
    CHECK(own.pending_bytes == 0);
    CHECK_FALSE(own.oldest_unfinished);
    CHECK(shelf.store->counts()->discarded == 1);
    CHECK(shelf.store->counts()->pending_bytes == 0);
  }

  SECTION("What is unfinished is found by the ids up to one") {
    CHECK_FALSE(shelf.store->has_unfinished(1'000).value());
    const DeliveryId first = shelf.put(lane("a"), "msg_1");
    const DeliveryId second = shelf.put(lane("b"), "msg_2");
    const Claim claim = shelf.take(lane("a"), 1);
    CHECK(shelf.store->has_unfinished(first).value());
    shelf.record(claim, Kind::delivered, 2);
    CHECK_FALSE(shelf.store->has_unfinished(first).value());
    CHECK(shelf.store->has_unfinished(second).value());
  }

  SECTION("Lanes are those with something unfinished") {
    shelf.append(event_with({delivery_to(lane("a")), delivery_to(basic_lane())}, "msg_1", 10));
    shelf.append(event_with({delivery_to(lane("a")), delivery_to(lane("b"))}, "msg_2", 20));
    shelf.put(lane("a", "u"), "msg_3", 30);
    shelf.take(lane("a"), 40);
    shelf.finish(lane("b"), Kind::delivered, 50);

    LaneQuery query;
    CHECK(shelf.store->lanes(query)->lanes.size() == 3);
    query.tenant = "t";
    const LanePage page = shelf.store->lanes(query).value();
    REQUIRE(page.lanes.size() == 2);
    CHECK_FALSE(page.next);
    const bool managed_first = page.lanes[0].webhook_id == "a";
    const LaneStats& managed = page.lanes[managed_first ? 0 : 1];
    const LaneStats& basic = page.lanes[managed_first ? 1 : 0];
    CHECK(managed.tenant == "t");
    CHECK(managed.webhook_id == "a");
    CHECK(managed.origin.empty());
    CHECK(managed.pending == 1);
    CHECK(managed.in_flight == 1);
    CHECK(managed.oldest_unfinished == wall(10));
    CHECK_FALSE(managed.failing_since);
    CHECK(basic.webhook_id.empty());
    CHECK(basic.origin == "https://b.example");
    CHECK(basic.pending == 1);
    CHECK(basic.in_flight == 0);
  }

  SECTION("A lane is found from its first delivery until all have an outcome") {
    LaneQuery query;
    query.tenant = "t";
    const auto count = [&] {
      CHECK(shelf.store->lanes({})->lanes.size() == shelf.store->lanes(query)->lanes.size());
      return shelf.store->lanes(query)->lanes.size();
    };
    CHECK(count() == 0);
    const Claim born = shelf.put_leased(lane("a"));
    CHECK(count() == 1);
    shelf.record(born, Kind::retry, 1, 2);
    CHECK(count() == 1);
    const Claim again = shelf.take(lane("a"), 2);
    CHECK(count() == 1);
    const Claim second = shelf.put_leased(lane("a"), "msg_2");
    shelf.record(again, Kind::delivered, 3);
    CHECK(count() == 1);
    shelf.record(second, Kind::delivered, 4);
    CHECK(count() == 0);
    shelf.put_leased(lane("a"), "msg_3");
    CHECK(count() == 1);
  }

  SECTION("Lanes come in pages, in the order of their ids") {
    for (int i = 0; i < 5; ++i) shelf.put(lane("w" + std::to_string(i)));
    LaneQuery query;
    query.limit = 2;
    std::size_t count = 0;
    int pages = 1;
    for (; pages < 10; ++pages) {
      const LanePage page = shelf.store->lanes(query).value();
      for (const LaneStats& lane : page.lanes) {
        CHECK(lane.id > query.after);
        query.after = lane.id;
        ++count;
      }
      if (!page.next) break;
      CHECK(page.next == query.after);
    }
    CHECK(pages == 3);
    CHECK(count == 5);
  }

  SECTION("The newest id is the greatest that was given out") {
    CHECK(shelf.store->newest() == DeliveryId{0});
    const auto ids = shelf.append(event_with({delivery_to(lane("a")), delivery_to(lane("b"))})).ids;
    CHECK(shelf.store->newest() == ids[1]);
  }

  SECTION("The last time is the latest of any round") {
    const DueTime before = shelf.store->last_time().value();
    CHECK(before < at(0));
    shelf.work({}, 500);
    CHECK(shelf.store->last_time() == at(500));
    shelf.work({}, 400);
    CHECK(shelf.store->last_time() == at(500));
  }
}

}  // namespace hookline::fakes
