#include "base/utf8.hpp"

#include <cstring>

namespace hookline::detail {
namespace {

/// How a first byte continues (The Unicode Standard, table 3-7): its length, and the bounds of its
/// second byte, which is where overlong forms, surrogates and values beyond U+10FFFF are caught.
struct Lead {
  std::size_t length;
  unsigned char second_min;
  unsigned char second_max;
};

Lead lead_of(unsigned char first) {
  if (first < 0x80) return {1, 0, 0};
  if (first < 0xc2) return {0, 0, 0};
  if (first < 0xe0) return {2, 0x80, 0xbf};
  if (first == 0xe0) return {3, 0xa0, 0xbf};
  if (first == 0xed) return {3, 0x80, 0x9f};
  if (first < 0xf0) return {3, 0x80, 0xbf};
  if (first == 0xf0) return {4, 0x90, 0xbf};
  if (first < 0xf4) return {4, 0x80, 0xbf};
  if (first == 0xf4) return {4, 0x80, 0x8f};
  return {0, 0, 0};
}

/// How many bytes the text begins with that are ASCII: most text is nothing else, and eight at a
/// time are looked at as fast as one.
std::size_t ascii_prefix(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080u;
  std::size_t length = 0;
  for (std::uint64_t eight = 0; text.size() - length >= sizeof eight; length += sizeof eight) {
    std::memcpy(&eight, text.data() + length, sizeof eight);
    if ((eight & kHighBits) != 0) break;
  }
  while (length < text.size() && static_cast<unsigned char>(text[length]) < 0x80) ++length;
  return length;
}

}  // namespace

Utf8Char decode_utf8(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  const Lead lead = lead_of(first);
  if (lead.length == 0) return {false, 1, 0};
  if (lead.length == 1) return {true, 1, first};

  std::uint32_t code_point = first & (0xffu >> (lead.length + 1));
  for (std::size_t i = 1; i < lead.length; ++i) {
    if (i == text.size()) return {false, i, 0};
    const auto byte = static_cast<unsigned char>(text[i]);
    const unsigned char min = i == 1 ? lead.second_min : 0x80;
    const unsigned char max = i == 1 ? lead.second_max : 0xbf;
    if (byte < min || byte > max) return {false, i, 0};
    code_point = code_point << 6 | (byte & 0x3fu);
  }
  return {true, lead.length, code_point};
}

std::size_t valid_utf8_prefix(std::string_view text) {
  std::size_t length = ascii_prefix(text);
  while (length < text.size()) {
    const Utf8Char next = decode_utf8(text.substr(length));
    if (!next.valid) break;
    length += next.length;
    length += ascii_prefix(text.substr(length));
  }
  return length;
}

std::string repair_utf8(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  while (!text.empty()) {
    const std::size_t valid = valid_utf8_prefix(text);
    repaired.append(text.substr(0, valid));
    text.remove_prefix(valid);
    if (text.empty()) break;
    repaired.append("\xef\xbf\xbd");
    text.remove_prefix(decode_utf8(text).length);
  }
  return repaired;
}

}  // namespace hookline::detail
