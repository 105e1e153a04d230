#include "common/printable.hpp"

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>

namespace examples {
namespace {

struct CodePoint {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
  bool valid = false;
};

CodePoint first_code_point(std::string_view text);
bool is_printable(const CodePoint& point);
std::string escaped(unsigned char byte);

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    if (is_printable(point)) {
      out += text.substr(0, point.bytes);
    } else {
      for (const char byte : text.substr(0, point.bytes)) {
        out += escaped(static_cast<unsigned char>(byte));
      }
    }
    text.remove_prefix(point.bytes);
  }
  return out;
}

std::string as_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const CodePoint point = first_code_point(text);
    out += point.valid ? text.substr(0, point.bytes) : "\xef\xbf\xbd";
    text.remove_prefix(point.bytes);
  }
  return out;
}

namespace {

/// Overlong forms, surrogates and what lies beyond Unicode are not valid: one byte is taken.
CodePoint first_code_point(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {lead, 1, true};
  const std::size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < bytes) return {};
  std::uint32_t value = lead & (0xffu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    value = value << 6 | (byte(i) & 0x3fu);
  }
  const std::uint32_t least[] = {0x80, 0x800, 0x10000};
  const bool surrogate = value >= 0xd800 && value <= 0xdfff;
  if (value < least[bytes - 2] || value > 0x10ffff || surrogate) return {};
  return {value, bytes, true};
}

bool is_printable(const CodePoint& point) {
  const std::uint32_t c = point.value;
  const bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
  const bool mark = c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
                    (c >= 0x2066 && c <= 0x2069);
  const bool separator = c == 0x2028 || c == 0x2029;
  return point.valid && !control && !mark && !separator;
}

std::string escaped(unsigned char byte) {
  switch (byte) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return fmt::format("\\x{:02x}", byte);
  }
}

}  // namespace
}  // namespace examples
