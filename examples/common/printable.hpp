#pragma once

#include <string>
#include <string_view>

namespace examples {

/// Text of strangers made fit for a terminal and for a log: control characters, marks that turn the
/// direction of text, line separators and bytes that are not UTF-8 come out as `\n` or `\x9b`. The
/// result has no line break in it.
std::string printable(std::string_view text);

/// The text with U+FFFD in the place of each byte that is not UTF-8.
std::string as_utf8(std::string_view text);

}  // namespace examples
