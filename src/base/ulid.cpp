#include "base/ulid.hpp"

#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>

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

std::uint64_t random_word() {
  thread_local RandomWords own;
  const pid_t process = getpid();
  if (own.left == 0 || own.owner != process) {
    while (getrandom(own.words.data(), sizeof(own.words), 0) < 0 && errno == EINTR) {
    }
    own.left = own.words.size();
    own.owner = process;
  }
  return own.words[--own.left];
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
  write_base32(id, prefix.size() + 18, 8, random_word());
  write_base32(id, prefix.size() + 26, 8, random_word());
  return id;
}

}  // namespace hookline::detail
