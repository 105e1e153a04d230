#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace hookline::detail {

struct Utf8Char {
  bool valid = false;
  std::size_t length = 0;        ///< of the character; of the broken part if it is not valid
  std::uint32_t code_point = 0;  ///< 0 if it is not valid
};

/// The first character of a text that is not empty. What is not well-formed is measured as
/// Unicode's "maximal subpart" (The Unicode Standard, 3.9, U+FFFD substitution), so that repairing
/// gives one U+FFFD where other decoders give one.
[[nodiscard]] Utf8Char decode_utf8(std::string_view text);

/// How many bytes the text begins with that are UTF-8.
[[nodiscard]] std::size_t valid_utf8_prefix(std::string_view text);

/// The text with U+FFFD for every part that is not UTF-8.
[[nodiscard]] std::string repair_utf8(std::string_view text);

}  // namespace hookline::detail
