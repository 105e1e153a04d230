#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace hookline::detail {

/// A new id: the prefix and 26 characters of Crockford's base32, 48 bits of milliseconds before 80
/// random ones (the layout of a ULID), so that ids sort by time and never meet. Fits
/// `is_identifier`.
[[nodiscard]] std::string make_id(std::string_view prefix,
                                  std::chrono::system_clock::time_point now);

}  // namespace hookline::detail
