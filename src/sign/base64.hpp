#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/wiped.hpp"

namespace hookline::detail {

/// Appends base64 (RFC 4648, section 4) with padding.
void append_base64(std::string& out, const unsigned char* bytes, std::size_t size);

/// The bytes, if `append_base64` would give this text for them: no white space, no missing padding,
/// no stray bits at the end. OpenSSL's own decoder lets all three pass.
[[nodiscard]] std::optional<WipedBytes> decode_base64(std::string_view text);

}  // namespace hookline::detail
