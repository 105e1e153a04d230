#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace hookline::simulation {

/// Chance without a generator: what happens to something follows from the seed and from what it is.
/// An action that is taken out of a script so leaves the luck of everything else as it was, which
/// is what lets a script be shrunk.
class Fate {
 public:
  explicit Fate(std::uint64_t seed) : seed_(seed) {}

  [[nodiscard]] std::uint64_t number(std::string_view what,
                                     std::initializer_list<std::uint64_t> who) const {
    std::uint64_t hash = mix(seed_ + 0x9e3779b97f4a7c15u);
    for (const char letter : what) hash = (hash ^ static_cast<unsigned char>(letter)) * kPrime;
    for (const std::uint64_t part : who) hash = mix(hash ^ part);
    return mix(hash);
  }

  /// 0 up to but not including 1.
  [[nodiscard]] double chance(std::string_view what,
                              std::initializer_list<std::uint64_t> who) const {
    return static_cast<double>(number(what, who) >> 11) * 0x1.0p-53;
  }

  [[nodiscard]] std::int64_t between(std::int64_t low, std::int64_t high, std::string_view what,
                                     std::initializer_list<std::uint64_t> who) const {
    return low + static_cast<std::int64_t>(number(what, who) %
                                           static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  static constexpr std::uint64_t kPrime = 1099511628211u;

  static std::uint64_t mix(std::uint64_t value) {
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9u;
    value = (value ^ (value >> 27)) * 0x94d049bb133111ebu;
    return value ^ (value >> 31);
  }

  const std::uint64_t seed_;
};

}  // namespace hookline::simulation
