#include "base/ulid.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdint>

namespace hookline::detail {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void append_base32(std::string& out, std::uint64_t value, int digits) {
  for (int shift = 5 * (digits - 1); shift >= 0; shift -= 5) out += kAlphabet[value >> shift & 31];
}

/// Straight from the system each time: a generator with a state would give a forked child the same
/// ids as its parent. For up to 256 bytes getrandom(2) neither falls short nor fails on Linux.
std::array<std::uint64_t, 2> random_words() {
  std::array<std::uint64_t, 2> words{};
  while (getrandom(words.data(), sizeof(words), 0) < 0 && errno == EINTR) {
  }
  return words;
}

}  // namespace

std::string make_id(std::string_view prefix, std::chrono::system_clock::time_point now) {
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
  std::string id(prefix);
  append_base32(id, static_cast<std::uint64_t>(millis) & 0xffff'ffff'ffff, 10);
  for (const std::uint64_t bits : random_words()) append_base32(id, bits, 8);
  return id;
}

}  // namespace hookline::detail
