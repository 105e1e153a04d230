#include "deliver/lane_health.hpp"

#include "catch.hpp"

using namespace hookline;
using namespace hookline::detail;
using namespace std::chrono_literals;

namespace {

constexpr DueTime kStart{1000h};

}  // namespace

TEST_CASE("A lane is proven by a success, for ten minutes") {
  LaneHealth health;
  CHECK_FALSE(health.proven(kStart));
  CHECK_FALSE(health.succeeded(kStart));
  CHECK(health.proven(kStart + 10min));
  CHECK_FALSE(health.proven(kStart + 10min + 1ms));
}

TEST_CASE("The fifth failure in a row lets the lane rest, ever longer, five minutes at most") {
  LaneHealth health;
  health.succeeded(kStart);
  for (int i = 0; i < 4; ++i) CHECK_FALSE(health.failed(kStart));
  CHECK(health.not_before() == DueTime::min());
  DueTime now = kStart;
  for (const auto rest : {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
    CHECK(health.failed(now));
    CHECK(health.not_before() == now + rest);
    CHECK_FALSE(health.proven(now));
    now = health.not_before();
  }
}

TEST_CASE("Requests that were out when a lane began to rest do not make it rest longer") {
  LaneHealth health;
  for (int i = 0; i < 5; ++i) static_cast<void>(health.failed(kStart));
  for (int i = 0; i < 7; ++i) CHECK_FALSE(health.failed(kStart + 1s));
  CHECK(health.not_before() == kStart + 5s);
  CHECK(health.failed(kStart + 5s));
  CHECK(health.not_before() == kStart + 15s);
}

TEST_CASE("One success ends the rest and begins the count anew") {
  LaneHealth health;
  for (int i = 0; i < 5; ++i) static_cast<void>(health.failed(kStart));
  CHECK(health.succeeded(kStart + 1s));
  CHECK(health.not_before() <= kStart);
  CHECK(health.proven(kStart + 1s));
  for (int i = 0; i < 4; ++i) CHECK_FALSE(health.failed(kStart + 2s));
  CHECK(health.failed(kStart + 2s));
  CHECK(health.not_before() == kStart + 7s);
}

TEST_CASE("A pause that the receiver asked for is kept, whatever else happens") {
  LaneHealth health;
  health.asked_to_wait(kStart + 1h);
  health.asked_to_wait(kStart + 1min);
  health.succeeded(kStart);
  CHECK(health.not_before() == kStart + 1h);
}

TEST_CASE("A rate limit counts from start to start") {
  LaneHealth health;
  health.sent(kStart, 0s);
  CHECK(health.is_blank());
  health.sent(kStart, 500ms);
  CHECK(health.not_before() == kStart + 500ms);
}
