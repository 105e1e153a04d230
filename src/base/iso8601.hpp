#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace hookline::detail {

/// A time as the wire wants it: `2024-04-24T17:20:14.659349Z`, ISO-8601, UTC, always microseconds.
/// Nothing if the year does not have four digits.
[[nodiscard]] std::optional<std::string> to_iso8601(std::chrono::microseconds since_1970);

/// The same form, the fraction optional and of one to six digits; years 1970 to 2199.
[[nodiscard]] std::optional<std::chrono::microseconds> from_iso8601(std::string_view text);

}  // namespace hookline::detail
