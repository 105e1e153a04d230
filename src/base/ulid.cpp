#include "base/ulid.hpp"

#include <pthread.h>
#include <sys/random.h>

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
/// neither falls short nor fails on Linux.
struct RandomWords {
  std::array<std::uint64_t, 32> words{};
  std::size_t left = 0;
};
thread_local RandomWords random_words;

/// A forked child has one thread, the one that forked, and that forgets the words: else child and
/// parent would make the same ids. If there is no room for that, no words are kept.
const bool kForkForgets = pthread_atfork(nullptr, nullptr, [] { random_words.left = 0; }) == 0;

std::uint64_t random_word() {
  RandomWords& own = random_words;
  std::size_t left = kForkForgets ? own.left : 0;
  if (left == 0) {
    while (getrandom(own.words.data(), sizeof(own.words), 0) < 0 && errno == EINTR) {
    }
    left = own.words.size();
  }
  own.left = --left;
  return own.words[left];
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
