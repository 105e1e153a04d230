#pragma once

#include <chrono>
#include <vector>

#include "catch.hpp"
#include "deliver/delivery_core.hpp"

namespace hookline::fakes {

using namespace hookline::detail;

class OpenLanes final : public LaneDirectory {
 public:
  LaneSettings settings(const LaneKey&) const override { return now; }
  std::vector<std::chrono::milliseconds> retry_schedule(const LaneKey&) const override {
    return {std::chrono::seconds(0), std::chrono::seconds(5)};
  }
  LaneSettings now = [] {
    LaneSettings settings;
    settings.max_in_flight = 8;
    return settings;
  }();
};

class NoJitter final : public Random {
 public:
  double unit() override { return 0.5; }
};

inline Moment at(std::int64_t ms) {
  return {DueTime(std::chrono::milliseconds(ms)),
          std::chrono::system_clock::time_point(std::chrono::milliseconds(ms))};
}

/// A core that has done its first round with an empty store.
struct Started {
  explicit Started(CoreOptions options = {}) : core(options, lanes, random) {
    REQUIRE(core.advance(at(0)).work);
    core.exchanged(StoreReply{}, at(0));
  }

  bool accept(DeliveryId id, const LaneKey& lane, std::int64_t lease_until = 90'000) {
    if (!core.reserve(lane, 0, at(0))) return false;
    Claim claim;
    claim.id = id;
    claim.lane = lane;
    claim.lease_until = at(lease_until).due;
    core.accepted(claim);
    return true;
  }

  void answer(DeliveryId id, int status, std::int64_t now,
              std::chrono::milliseconds duration = std::chrono::milliseconds(0)) {
    HttpResponse response;
    response.status = status;
    core.answered(id, {response, "https://a.example/", {}, duration, 1}, at(now));
  }

  /// Shows the core that the lane's receiver works, so that it may have several requests out.
  void prove(const LaneKey& lane,
             std::chrono::milliseconds duration = std::chrono::milliseconds(0)) {
    const DeliveryId id = 1'000'000;
    REQUIRE(accept(id, lane));
    REQUIRE(core.advance(at(0)).sends.size() == 1);
    answer(id, 200, 0, duration);
    REQUIRE(core.advance(at(0)).work);
    StoreReply reply;
    reply.recorded = {{true, "", std::nullopt}};
    core.exchanged(reply, at(0));
    REQUIRE(core.advance(at(0)).notices.size() == 1);
  }

  OpenLanes lanes;
  NoJitter random;
  DeliveryCore core;
};

inline std::vector<DeliveryId> ids_of(const Orders& orders) {
  std::vector<DeliveryId> ids;
  for (const Claim* claim : orders.sends) ids.push_back(claim->id);
  return ids;
}

}  // namespace hookline::fakes
