#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/text.hpp"

namespace hookline::detail {

[[nodiscard]] inline std::int64_t exponent_of(std::string_view digits);
[[nodiscard]] inline bool are_beyond_largest(std::string_view digits);

/// Whether a JSON number would become infinite in a reader that keeps doubles. It is told from the
/// digits: turning strangers' digits into a double is slow for long ones, and has crashed parsers.
///
/// REQUIRES: `number` is a number by the grammar of JSON.
[[nodiscard]] inline bool is_beyond_double(std::string_view number) {
  constexpr std::int64_t kMaxExponent = 308;
  const auto is_mark = [](char c) { return to_lower(c) == 'e'; };
  const auto mark = std::find_if(number.begin(), number.end(), is_mark);
  const bool has_exponent = mark != number.end();
  if (!has_exponent && number.size() <= kMaxExponent) return false;

  const auto length = static_cast<std::size_t>(mark - number.begin());
  const std::string_view mantissa = number.substr(0, length);
  const std::size_t first = mantissa.find_first_of("123456789");
  if (first == std::string_view::npos) return false;

  const std::size_t point = std::min(mantissa.find('.'), length);
  const auto scale = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  const std::int64_t exponent =
      (has_exponent ? exponent_of(number.substr(length + 1)) : 0) + (scale > 0 ? scale - 1 : scale);
  if (exponent != kMaxExponent) return exponent > kMaxExponent;
  return are_beyond_largest(mantissa.substr(first));
}

/// Cut at a value that no mantissa can make up for.
[[nodiscard]] inline std::int64_t exponent_of(std::string_view digits) {
  constexpr std::int64_t kEnough = 1'000'000'000'000;
  const bool negative = digits.front() == '-';
  std::int64_t exponent = 0;
  for (const char c : digits) {
    if (is_digit(c)) exponent = std::min(kEnough, exponent * 10 + (c - '0'));
  }
  return negative ? -exponent : exponent;
}

/// Whether digits that begin at 10^308 round to infinity, as all from 1.79769313486231580793…e308
/// do.
[[nodiscard]] inline bool are_beyond_largest(std::string_view digits) {
  std::string_view limit = "179769313486231580793";
  for (const char c : digits) {
    if (c == '.') continue;
    if (limit.empty() || c != limit.front()) return limit.empty() || c > limit.front();
    limit.remove_prefix(1);
  }
  return limit.empty();
}

}  // namespace hookline::detail
