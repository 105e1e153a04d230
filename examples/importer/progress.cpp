#include "importer/progress.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "common/printable.hpp"

namespace importer {

Progress::Progress() : on_terminal_(isatty(STDERR_FILENO) == 1) {}

void Progress::show(std::string_view text) {
  if (!on_terminal_) return;
  fmt::print(stderr, "\r\x1b[K{}", examples::printable(text));
  std::fflush(stderr);
  shown_ = true;
}

void Progress::clear() {
  if (!shown_) return;
  fmt::print(stderr, "\r\x1b[K");
  std::fflush(stderr);
  shown_ = false;
}

}  // namespace importer
