#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace hookline::detail {

using SysSeconds =
    std::chrono::time_point<std::chrono::system_clock, std::chrono::duration<std::int64_t>>;

/// A date in one of the three forms that a recipient must accept (RFC 9110, 5.6.7): IMF-fixdate,
/// RFC 850 with its two-digit year, asctime. Always GMT, always English. `now` decides the century
/// of a two-digit year: one that looks more than 50 years ahead is in the past.
[[nodiscard]] std::optional<SysSeconds> parse_http_date(std::string_view text,
                                                        std::chrono::system_clock::time_point now);

}  // namespace hookline::detail
