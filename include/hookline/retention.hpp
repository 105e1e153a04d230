#pragma once

#include <chrono>
#include <optional>

namespace hookline {

/// How long a store keeps what it no longer needs for sending. Counted in the dispatcher's own
/// time, so that a jump of the wall clock removes nothing.
struct Retention {
  std::chrono::seconds delivered{std::chrono::hours(24 * 7)};
  std::chrono::seconds exhausted_and_discarded{std::chrono::hours(24 * 30)};
  /// A delivery that has waited so long since it was accepted, for a webhook that is disabled or
  /// paused, say, is discarded.
  std::chrono::seconds pending{std::chrono::hours(24 * 30)};
  /// Bodies go so long after the last delivery of their event has ended, if that is before the
  /// records go; without its body a delivery cannot be replayed. Absent: with the records.
  std::optional<std::chrono::seconds> bodies;
  /// Idempotency keys, from their dispatch on: at least a day.
  std::chrono::seconds idempotency_keys{std::chrono::hours(24)};
};

}  // namespace hookline
