#include "common/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdio>

#include "common/printable.hpp"

namespace examples {

Progress::Progress() : on_terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::show(std::string_view text) {
  if (!on_terminal_) return;
  fmt::print(stderr, "\r\x1b[K{}", printable(text));
  std::fflush(stderr);
  shown_ = true;
}

void Progress::show_bar(double done, std::string_view text) {
  constexpr int kWidth = 30;
  const double part = std::clamp(done, 0.0, 1.0);
  const std::string bar(static_cast<std::size_t>(part * kWidth), '#');
  show(fmt::format("[{:<{}}] {:3.0f} %  {}", bar, kWidth, part * 100, text));
}

void Progress::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace examples
