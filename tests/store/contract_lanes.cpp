// What the listing of lanes and their holds promise.

#include <algorithm>

#include "catch.hpp"
#include "store/shelf.hpp"

namespace hookline::fakes {

void check_lanes(const MakeStore& create) {
  const Shelf shelf(create());

  SECTION("Lanes are listed when something is due in them, those first that are due longest") {
    shelf.append(event_with(
        {delivery_to(lane("b"), 20), delivery_to(lane("a"), 10), delivery_to(lane("c"), 500)}));
    CHECK(shelf.work({}, 0).next_due == at(10));
    CHECK(shelf.list(5, 5).empty());
    CHECK(shelf.list(1, 100) == std::vector<LaneKey>{lane("a")});
    CHECK(shelf.list(5, 100) == std::vector<LaneKey>{lane("b")});  // a is the caller's now
    CHECK(shelf.work({}, 100).next_due == at(500));
    CHECK(shelf.list(5, 500) == std::vector<LaneKey>{lane("c")});
  }

  SECTION("A listed lane is listed again when the caller's lease of it ends") {
    shelf.put(lane("a"));
    CHECK(shelf.list(5, 100).size() == 1);
    CHECK(shelf.list(5, 60'099).empty());
    CHECK(shelf.work({}, 60'099).next_due == at(60'100));
    CHECK(shelf.list(5, 60'100).size() == 1);
  }

  SECTION("A claim that empties a lane gives it back") {
    shelf.put(lane("a"));
    CHECK(shelf.list(5, 100).size() == 1);
    CHECK_FALSE(shelf.claim(lane("a"), 5, 100).more);
    shelf.put(lane("a"), "msg_2", 200);
    CHECK(shelf.list(5, 300) == std::vector<LaneKey>{lane("a")});
  }

  SECTION("A claim that leaves something keeps the lane") {
    shelf.append(event_with({delivery_to(lane("a")), delivery_to(lane("a"))}));
    CHECK(shelf.list(5, 100).size() == 1);
    CHECK(shelf.claim(lane("a"), 1, 100).more);
    CHECK(shelf.list(5, 101).empty());
  }

  SECTION("Tenants take turns: one lane of each, then the next of each") {
    shelf.append(event_with(
        {delivery_to(lane("a"), 1), delivery_to(lane("b"), 2), delivery_to(lane("c"), 3)}));
    shelf.append(event_with({delivery_to(lane("a", "u"), 4), delivery_to(lane("b", "u"), 5)}));
    shelf.append(event_with({delivery_to(lane("a", "v"), 6)}));
    auto listed = shelf.list(3, 100);
    std::sort(listed.begin(), listed.end(),
              [](const LaneKey& a, const LaneKey& b) { return a.tenant < b.tenant; });
    CHECK(listed == std::vector<LaneKey>{lane("a"), lane("a", "u"), lane("a", "v")});
    listed = shelf.list(2, 100);
    std::sort(listed.begin(), listed.end(),
              [](const LaneKey& a, const LaneKey& b) { return a.tenant < b.tenant; });
    CHECK(listed == std::vector<LaneKey>{lane("b"), lane("b", "u")});
    CHECK(shelf.list(5, 100) == std::vector<LaneKey>{lane("c")});
  }

  SECTION("Lanes of full tenants are not listed, nor waited for") {
    shelf.put(lane("a"));
    shelf.append(event_with({delivery_to(lane("a", "u"), 1), delivery_to(lane("b", "u"), 700)}));
    CHECK(shelf.list(5, 100, {"t"}) == std::vector<LaneKey>{lane("a", "u")});
    StoreWork full;
    full.full_tenants = {"t"};
    CHECK(shelf.work(full, 100).next_due == at(700));
    CHECK(shelf.work({}, 100).next_due.value() <= at(100));
    CHECK(shelf.list(5, 100) == std::vector<LaneKey>{lane("a")});
  }

  SECTION("A held lane is not listed until its hold ends or is let go of") {
    shelf.hold(lane("a"), DueTime::max());
    shelf.put(lane("a"));
    CHECK(shelf.list(5, 1'000).empty());
    CHECK_FALSE(shelf.work({}, 1'000).next_due);  // nothing to wake up for
    shelf.hold(lane("a"), at(2'000), 1'000);
    CHECK(shelf.list(5, 1'999).empty());
    CHECK(shelf.work({}, 1'999).next_due == at(2'000));
    CHECK(shelf.list(5, 2'000).size() == 1);
    CHECK(shelf.list(5, 2'001).empty());
    shelf.hold(lane("a"), DueTime::min(), 2'002);
    CHECK(shelf.list(5, 2'002).size() == 1);
  }

  SECTION("A hold on a lane without deliveries lasts") {
    shelf.hold(lane("a"), DueTime::max());
    shelf.work({}, 100);
    shelf.put(lane("a"), "msg_1", 200);
    CHECK(shelf.list(5, 300).empty());
  }

  SECTION("Whoever starts anew finds no holds of the one before") {
    shelf.hold(lane("a"), DueTime::max());
    shelf.put(lane("a"));
    shelf.put(lane("b"), "msg_2");
    CHECK(shelf.list(5, 10) == std::vector<LaneKey>{lane("b")});
    StoreWork first;
    first.first = true;
    first.list_lanes = 5;
    CHECK(shelf.work(first, 20).due_lanes.size() == 2);
  }

  SECTION("A new start leaves leases as they are") {
    shelf.put(lane("a"));
    shelf.take(lane("a"), 0);
    StoreWork first;
    first.first = true;
    first.claims = {{lane("a"), 1, false, false}};
    CHECK(shelf.work(first, 10).claimed.at(0).claims.empty());
  }

  SECTION("The end of a lease is something to wake up for") {
    shelf.put(lane("a"));
    shelf.take(lane("a"), 10);
    CHECK(shelf.work({}, 20).next_due == at(60'010));
  }

  SECTION("Nothing to do is nothing to wake up for") {
    CHECK_FALSE(shelf.work({}, 0).next_due);
    shelf.put(lane("a"));
    shelf.finish(lane("a"), Outcome::Kind::delivered, 10);
    CHECK_FALSE(shelf.work({}, 20).next_due);
  }
}

}  // namespace hookline::fakes
