#pragma once

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "base/civil_date.hpp"

namespace hookline::detail {

/// A time as the wire wants it: `2024-04-24T17:20:14.659349Z`. Nothing if the year does not have
/// four digits. Not through `gmtime`, which counts leap seconds where the environment's `TZ` says
/// so, and takes a lock.
[[nodiscard]] inline std::optional<std::string> iso8601_utc(std::chrono::microseconds since_1970) {
  constexpr std::int64_t kMicrosPerDay = 86'400'000'000;
  const std::int64_t days = floor_div(since_1970.count(), kMicrosPerDay);
  const std::int64_t in_day = since_1970.count() - days * kMicrosPerDay;

  const CivilDate date = civil_from_days(days);
  if (date.year < 0 || date.year > 9999) return std::nullopt;
  const std::int64_t seconds = in_day / 1'000'000;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", date.year, date.month, date.day,
                     seconds / 3600, seconds / 60 % 60, seconds % 60, in_day % 1'000'000);
}

}  // namespace hookline::detail
