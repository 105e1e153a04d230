#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hookline::detail {

/// What is wrong with a header that a stranger wants in our requests, and the way out; nothing if
/// it can be sent. Whatever passes here cannot end a line, so it cannot smuggle in a second header.

/// Names are tokens (RFC 9110, 5.6.2), at most 256 bytes, and not one of those that describe the
/// message or the connection, or that hookline sets itself (`is_reserved_header`).
[[nodiscard]] std::optional<std::string> header_name_fault(std::string_view name);

/// Values are printable ASCII with spaces and tabs inside (RFC 9110, 5.5, without `obs-text`, which
/// receivers read in different ways), at most 4096 bytes; empty is fine. The fault never shows the
/// value: it may be a key.
[[nodiscard]] std::optional<std::string> header_value_fault(std::string_view value);

/// Whether a header is hookline's own to set: framing, routing and negotiation, everything below
/// `content-`, `proxy-` and `webhook-`, and `user-agent`. The case does not matter.
[[nodiscard]] bool is_reserved_header(std::string_view name);

/// What names of headers are made of (RFC 9110, 5.6.2).
[[nodiscard]] bool is_token_char(char c);

}  // namespace hookline::detail
