#include "sign/base64.hpp"

#include <openssl/evp.h>

namespace hookline::detail {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::size_t padding_of(std::string_view text) {
  const std::size_t last = text.find_last_not_of('=');
  return last == text.npos ? text.size() : text.size() - last - 1;
}

}  // namespace

void append_base64(std::string& out, const unsigned char* bytes, std::size_t size) {
  const std::size_t before = out.size();
  out.resize(before + (size + 2) / 3 * 4);
  // Its final NUL falls on that of the string.
  ::EVP_EncodeBlock(reinterpret_cast<unsigned char*>(&out[before]), bytes, static_cast<int>(size));
}

std::optional<WipedBytes> decode_base64(std::string_view text) {
  const std::size_t padding = padding_of(text);
  if (text.size() % 4 != 0 || padding > 2) return std::nullopt;

  WipedBytes bytes;
  bytes.reserve(text.size() / 4 * 3);
  unsigned pending = 0;
  unsigned bits = 0;
  for (const char c : text.substr(0, text.size() - padding)) {
    const std::size_t value = kAlphabet.find(c);
    if (value == kAlphabet.npos) return std::nullopt;
    pending = pending << 6 | static_cast<unsigned>(value);
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push_back(static_cast<unsigned char>(pending >> bits));
    pending &= (1u << bits) - 1;
  }
  if (pending != 0) return std::nullopt;
  return bytes;
}

}  // namespace hookline::detail
