#pragma once

#include <algorithm>
#include <chrono>

namespace hookline::detail {

/// The steady time at which a timeout ends. What is negative ends now; what is longer than a year,
/// a caller's "for ever" included, ends in a year, which no clock overflows at.
[[nodiscard]] inline std::chrono::steady_clock::time_point deadline_after(
    std::chrono::milliseconds timeout) {
  constexpr std::chrono::milliseconds kYear = std::chrono::hours(24 * 365);
  return std::chrono::steady_clock::now() +
         std::clamp(timeout, std::chrono::milliseconds(0), kYear);
}

}  // namespace hookline::detail
