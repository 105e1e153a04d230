#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace hookline::detail {

/// The secret of a `sip_hash`.
struct HashKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};

/// SipHash-c-d (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012): a hash of text
/// whose collisions nobody finds who does not know the key. SipHash-1-3 is what the hash tables of
/// several languages use against floods of colliding keys.
template <int kCompressionRounds = 1, int kFinalRounds = 3>
[[nodiscard]] std::uint64_t sip_hash(const HashKey& key, std::string_view text) {
  std::array<std::uint64_t, 4> v = {key.k0 ^ 0x736f6d6570736575, key.k1 ^ 0x646f72616e646f6d,
                                    key.k0 ^ 0x6c7967656e657261, key.k1 ^ 0x7465646279746573};
  const auto rotate = [](std::uint64_t x, int bits) { return x << bits | x >> (64 - bits); };
  const auto mix = [&](int rounds) {
    for (; rounds > 0; --rounds) {
      v[0] += v[1], v[1] = rotate(v[1], 13) ^ v[0], v[0] = rotate(v[0], 32);
      v[2] += v[3], v[3] = rotate(v[3], 16) ^ v[2];
      v[0] += v[3], v[3] = rotate(v[3], 21) ^ v[0];
      v[2] += v[1], v[1] = rotate(v[1], 17) ^ v[2], v[2] = rotate(v[2], 32);
    }
  };
  const auto absorb = [&](std::uint64_t word) {
    v[3] ^= word;
    mix(kCompressionRounds);
    v[0] ^= word;
  };
  const auto word_at = [&](std::size_t at, std::size_t bytes) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < bytes; ++i) {
      word |= std::uint64_t{static_cast<unsigned char>(text[at + i])} << (8 * i);
    }
    return word;
  };

  const std::size_t whole = text.size() / 8 * 8;
  for (std::size_t at = 0; at < whole; at += 8) absorb(word_at(at, 8));
  absorb(word_at(whole, text.size() % 8) | std::uint64_t{text.size()} << 56);
  v[2] ^= 0xff;
  mix(kFinalRounds);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

}  // namespace hookline::detail
