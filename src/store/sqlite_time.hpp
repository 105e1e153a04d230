#pragma once

#include <chrono>
#include <cstdint>
#include <limits>

#include "hookline/delivery_store.hpp"

namespace hookline::detail {

/// Times as they stand in the file: microseconds since 1970. The ends of `DueTime` stay its ends.
using Micros = std::int64_t;
constexpr Micros kNever = std::numeric_limits<Micros>::max();
constexpr Micros kAlways = std::numeric_limits<Micros>::min();

/// Rounded up: what is due may be late, never early.
[[nodiscard]] inline Micros to_micros(DueTime due) {
  if (due == DueTime::max()) return kNever;
  if (due == DueTime::min()) return kAlways;
  return std::chrono::ceil<std::chrono::microseconds>(due.time_since_epoch()).count();
}

/// Rounded down, for the present: what is not due at it is not due at this either.
[[nodiscard]] inline Micros now_micros(DueTime now) {
  if (now == DueTime::max()) return kNever;
  if (now == DueTime::min()) return kAlways;
  return std::chrono::floor<std::chrono::microseconds>(now.time_since_epoch()).count();
}

[[nodiscard]] inline DueTime to_due(Micros micros) {
  constexpr Micros kMost = std::numeric_limits<DueTime::rep>::max() / 1000;
  if (micros > kMost) return DueTime::max();
  if (micros < -kMost) return DueTime::min();
  return DueTime(std::chrono::microseconds(micros));
}

/// The sum, which stays at `kNever` where it would go beyond it.
[[nodiscard]] inline Micros later(Micros time, std::chrono::microseconds by) {
  return time > kNever - by.count() ? kNever : time + by.count();
}

[[nodiscard]] inline Micros to_micros(std::chrono::system_clock::time_point wall) {
  return std::chrono::floor<std::chrono::microseconds>(wall.time_since_epoch()).count();
}

[[nodiscard]] inline std::chrono::system_clock::time_point to_wall(Micros micros) {
  using Wall = std::chrono::system_clock;
  return Wall::time_point(
      std::chrono::duration_cast<Wall::duration>(std::chrono::microseconds(micros)));
}

}  // namespace hookline::detail
