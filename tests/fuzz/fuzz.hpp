#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace hookline::fuzz {

/// What a target has to say about an input. Each `fuzz_….cpp` defines one.
void check(std::string_view input);

/// Ends the run, which keeps the input, if a promise was broken.
inline void promise(bool kept, const char* what, std::string_view shown = {}) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n%.*s\n", what, static_cast<int>(shown.size()),
               shown.data());
  std::abort();
}

/// Cuts pieces off the front of an input at NUL bytes; the last piece is whatever is left.
class Pieces {
 public:
  explicit Pieces(std::string_view input) : rest_(input) {}

  std::string next() {
    const std::size_t end = rest_.find('\0');
    const std::string piece(rest_.substr(0, end));
    rest_ = end == rest_.npos ? std::string_view() : rest_.substr(end + 1);
    return piece;
  }
  [[nodiscard]] std::string rest() const { return std::string(rest_); }

 private:
  std::string_view rest_;
};

inline bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace hookline::fuzz
