#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hookline::detail {

/// A stranger's text made fit for a message or a log: control characters, bidi marks and bytes that
/// are not UTF-8 as escapes (`\x1b`, `\u202e`), cut to `max_bytes` with `…`.
[[nodiscard]] std::string printable(std::string_view text, std::size_t max_bytes = 80);

/// `printable` in quotes.
[[nodiscard]] std::string quoted(std::string_view text, std::size_t max_bytes = 80);

/// ASCII only, whatever the locale.
[[nodiscard]] constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_alnum(char c) {
  return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
}

/// 1 to 128 of `[A-Za-z0-9_-]`: what ids of messages and webhooks are made of.
[[nodiscard]] bool is_identifier(std::string_view text);

}  // namespace hookline::detail
