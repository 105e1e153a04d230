// When the core begins a round of work with the store, and what waits to share one.

#include <chrono>
#include <cstddef>

#include "catch.hpp"
#include "deliver/core_fixture.hpp"

using namespace hookline;
using namespace hookline::detail;
using namespace hookline::fakes;

namespace {

CoreOptions gathering(std::chrono::milliseconds time) {
  CoreOptions options;
  options.gather_time = time;
  return options;
}

/// An outcome has just been recorded, and two requests are out.
struct Gathering : Started {
  Gathering() : Started(gathering(std::chrono::milliseconds(2))) {
    REQUIRE(accept(1, lane));
    CHECK(core.advance(at(10)).sends.size() == 1);
    answer(1, 200, 10);
    REQUIRE(core.advance(at(10)).work);
    StoreReply reply;
    reply.recorded = {{true, "", std::nullopt}};
    core.exchanged(reply, at(10));
    for (DeliveryId id = 2; id <= 3; ++id) REQUIRE(accept(id, lane));
    CHECK(core.advance(at(10)).sends.size() == 2);
  }

  const LaneKey lane{"t", "wh", ""};
};

}  // namespace

TEST_CASE("Outcomes gather for some time after a round with the store") {
  Gathering started;
  started.answer(2, 200, 11);
  CHECK_FALSE(started.core.advance(at(11)).work);
  CHECK(started.core.wake_at() == at(12).due);

  SECTION("until the time is up") {
    started.answer(3, 200, 11);
    CHECK_FALSE(started.core.advance(at(11)).work);
    const Orders orders = started.core.advance(at(12));
    REQUIRE(orders.work);
    CHECK(orders.work->outcomes.size() == 2);
  }
  SECTION("until something else is to be done with the store") {
    started.core.look();
    const Orders orders = started.core.advance(at(11));
    REQUIRE(orders.work);
    CHECK(orders.work->outcomes.size() == 1);
  }
  SECTION("until the end") {
    started.core.stop();
    const Orders orders = started.core.advance(at(11));
    REQUIRE(orders.work);
    CHECK(orders.work->outcomes.size() == 1);
  }
}

TEST_CASE("Many outcomes do not wait for more") {
  Started started(gathering(std::chrono::hours(1)));
  started.lanes.now.max_in_flight = 100;
  const LaneKey lane{"t", "wh", ""};
  REQUIRE(started.accept(1'000'000, lane));
  (void)started.core.advance(at(1));
  started.answer(1'000'000, 200, 1);
  for (DeliveryId id = 1; id <= 63; ++id) REQUIRE(started.accept(id, lane));
  CHECK(started.core.advance(at(2)).sends.size() == 63);
  for (DeliveryId id = 1; id <= 62; ++id) started.answer(id, 200, 3);
  CHECK_FALSE(started.core.advance(at(3)).work);
  started.answer(63, 200, 3);
  const Orders orders = started.core.advance(at(3));
  REQUIRE(orders.work);
  CHECK(orders.work->outcomes.size() == 64);
}

TEST_CASE(
    "The outcome of a lane in order waits for no other, since its next delivery waits for it") {
  Started started(gathering(std::chrono::hours(1)));
  const LaneKey lane{"t", "ordered", ""};
  started.lanes.now.fifo = true;
  started.core.look();
  REQUIRE(started.core.advance(at(2)).work);
  StoreReply listed;
  listed.due_lanes = {lane};
  started.core.exchanged(listed, at(2));
  REQUIRE(started.core.advance(at(2)).work);
  Claim head;
  head.id = 2;
  head.lane = lane;
  head.lease_until = at(90'000).due;
  StoreReply claimed;
  claimed.claimed = {{lane, {head}, true}};
  started.core.exchanged(claimed, at(2));
  CHECK(ids_of(started.core.advance(at(2))) == std::vector<DeliveryId>{2});
  started.answer(2, 200, 3);
  const Orders orders = started.core.advance(at(3));
  REQUIRE(orders.work);
  CHECK(orders.work->outcomes.size() == 1);
}

TEST_CASE("Claims gather too, while there are as many at hand as may be out") {
  CoreOptions options = gathering(std::chrono::milliseconds(2));
  options.max_in_flight = GENERATE(std::size_t{1}, std::size_t{4});
  Started started(options);
  REQUIRE(started.accept(1, {"t", "busy", ""}));
  started.core.look();
  REQUIRE(started.core.advance(at(10)).work);
  StoreReply listed;
  listed.due_lanes = {{"t", "other", ""}};
  started.core.exchanged(listed, at(10));
  const bool at_once = started.core.advance(at(10)).work != nullptr;
  CHECK(at_once == (options.max_in_flight > 1));
  if (!at_once) CHECK(started.core.advance(at(12)).work);
}
