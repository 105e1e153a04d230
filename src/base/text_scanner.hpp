#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include "base/text.hpp"

namespace hookline::detail {

/// Takes a text apart from the left, one piece after another. The first piece that is not there
/// makes all of it fail, so that a reader need only ask at the end.
class TextScanner {
 public:
  explicit TextScanner(std::string_view text) : rest_(text) {}

  [[nodiscard]] bool next_is(char c) const { return ok_ && !rest_.empty() && rest_.front() == c; }
  [[nodiscard]] bool next_is_digit() const {
    return ok_ && !rest_.empty() && is_digit(rest_.front());
  }

  void literal(std::string_view expected) {
    ok_ = ok_ && rest_.substr(0, expected.size()) == expected;
    if (ok_) rest_.remove_prefix(expected.size());
  }

  /// The place of the name that comes next; 0 if none of them does.
  template <std::size_t N>
  int one_of(const std::array<std::string_view, N>& names) {
    for (std::size_t i = 0; ok_ && i < N; ++i) {
      if (rest_.substr(0, names[i].size()) != names[i]) continue;
      rest_.remove_prefix(names[i].size());
      return static_cast<int>(i);
    }
    ok_ = false;
    return 0;
  }

  /// A number of exactly so many digits, at most 9; 0 if they are not there.
  int digits(std::size_t count) {
    const std::string_view number = rest_.substr(0, count);
    ok_ = ok_ && number.size() == count && std::all_of(number.begin(), number.end(), is_digit);
    if (!ok_) return 0;
    rest_.remove_prefix(count);
    int value = 0;
    for (const char digit : number) value = value * 10 + (digit - '0');
    return value;
  }

  /// Every piece was there, and nothing is left.
  [[nodiscard]] bool complete() const { return ok_ && rest_.empty(); }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace hookline::detail
