#pragma once

#include <cstdint>

#include "simulation/script.hpp"

namespace hookline::simulation {

/// How large a world is and what may happen in it.
struct Shape {
  int receivers = 10;
  int tenants = 3;
  int dispatches = 100;
  milliseconds length = std::chrono::hours(6);
  int changes = 80;  ///< of everything but dispatches
  bool store_faults = true;
  bool process_faults = true;   ///< crashes, freezes, a second instance, jumps of the wall clock
  bool network_faults = true;   ///< moods other than healthy, and being offline
  bool configuration = true;    ///< webhooks are paused, changed, removed
  bool commands = true;         ///< replays, discards, erasures, pauses of everything
  bool short_retention = true;  ///< in some worlds records do not stay until the end
};

/// A world of hours, for thousands of seeds.
[[nodiscard]] Shape small_shape();
/// A world of two weeks, in which schedules come to their end.
[[nodiscard]] Shape long_shape();
/// 300 webhooks of 100 tenants over 30 days; `scale` is 1 for 100,000 deliveries.
[[nodiscard]] Shape large_shape(double scale);

/// The small worlds, and some long ones among them.
[[nodiscard]] Shape shape_of(std::uint64_t seed);

/// The same seed and shape give the same script.
[[nodiscard]] Script draw(std::uint64_t seed, const Shape& shape);

}  // namespace hookline::simulation
