#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace hookline::detail {

/// How long a delivery waits whose lease has ended without an outcome, `lost` others before it. One
/// that is lost again and again is a delivery that takes its process down: each time the next try
/// waits longer.
[[nodiscard]] inline std::chrono::milliseconds delay_after_loss(std::uint32_t lost) {
  constexpr std::chrono::milliseconds kFirst{1'000};
  constexpr std::chrono::milliseconds kLongest{3'600'000};
  return std::min(kLongest, kFirst * (std::int64_t{1} << std::min(lost, 20u)));
}

}  // namespace hookline::detail
