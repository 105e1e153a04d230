#include "send/lookup_limit.hpp"

#include "catch.hpp"

using hookline::detail::LookupLimit;
using std::chrono::milliseconds;

namespace {
const LookupLimit::TimePoint kStart{std::chrono::hours(1)};
}

TEST_CASE("A slot that was given back can be taken again") {
  LookupLimit limit(2);
  CHECK(limit.take(kStart));
  CHECK(limit.take(kStart));
  CHECK_FALSE(limit.take(kStart));
  CHECK_FALSE(limit.next_free());
  limit.give_back();
  CHECK(limit.next_free() <= kStart);
  CHECK(limit.take(kStart));
}

TEST_CASE("An abandoned look-up keeps its slot until the system's resolver has given up") {
  LookupLimit limit(1);
  REQUIRE(limit.take(kStart));
  limit.abandon(kStart);
  const auto free = kStart + LookupLimit::kAbandonedHold;
  CHECK(limit.next_free() == free);
  CHECK_FALSE(limit.take(free - milliseconds(1)));
  CHECK(limit.take(free));
  CHECK_FALSE(limit.take(free + milliseconds(1)));
}
