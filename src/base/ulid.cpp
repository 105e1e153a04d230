#include "base/ulid.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "base/process.hpp"

namespace hookline::detail {
namespace {

constexpr std::string_view kAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr std::size_t kDigits = 26;

/// What a thread has in store of random words. Asking the system for one costs more than the rest
/// of an id, and asking it for these little more than for one: for up to 256 bytes getrandom(2)
/// neither falls short nor fails on Linux. A forked child asks anew: else it would make the ids
/// that its parent makes.
struct RandomWords {
  std::array<std::uint64_t, 32> words{};
  std::size_t left = 0;
  pid_t owner = 0;
};

std::pair<std::uint64_t, std::uint64_t> two_random_words() {
  thread_local RandomWords own;
  const pid_t process = process_id();
  if (own.left == 0 || own.owner != process) {
    while (getrandom(own.words.data(), sizeof(own.words), 0) < 0 && errno == EINTR) {
    }
    own.left = own.words.size();
    own.owner = process;
  }
  own.left -= 2;
  return {own.words[own.left], own.words[own.left + 1]};
}

/// Writes so many digits before this place.
void write_base32(std::string& text, std::size_t end, int digits, std::uint64_t value) {
  for (; digits > 0; --digits, value >>= 5) text[--end] = kAlphabet[value & 31];
}

}  // namespace

std::string make_id(std::string_view prefix, std::chrono::system_clock::time_point now) {
  const auto millis = std::chrono::floor<std::chrono::milliseconds>(now.time_since_epoch()).count();
  std::string id;
  id.reserve(prefix.size() + kDigits);
  id.append(prefix).append(kDigits, '0');
  write_base32(id, prefix.size() + 10, 10, static_cast<std::uint64_t>(millis) & 0xffff'ffff'ffff);
  const auto [first, second] = two_random_words();
  write_base32(id, prefix.size() + 18, 8, first);
  write_base32(id, prefix.size() + 26, 8, second);
  return id;
}

}  // namespace hookline::detail
