#include "base/ulid.hpp"

#include <array>
#include <cstdint>
#include <random>

namespace hookline::detail {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void append_base32(std::string& out, std::uint64_t value, int digits) {
  for (int shift = 5 * (digits - 1); shift >= 0; shift -= 5) out += kAlphabet[value >> shift & 31];
}

}  // namespace

std::string make_id(std::string_view prefix, std::chrono::system_clock::time_point now) {
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
  // Straight from the system each time: a generator with a state would give a forked child the same
  // ids as its parent.
  std::random_device random;
  std::string id(prefix);
  append_base32(id, static_cast<std::uint64_t>(millis) & 0xffff'ffff'ffff, 10);
  for (int i = 0; i < 2; ++i) {
    const std::uint64_t bits = static_cast<std::uint64_t>(random()) << 32 | random();
    append_base32(id, bits, 8);
  }
  return id;
}

}  // namespace hookline::detail
