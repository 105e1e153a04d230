#pragma once

#include <string_view>
#include <vector>

namespace hookline::fakes {

/// How many blocks of memory were given back to the heap with one of these texts in them while
/// `action` ran, in any thread. Blocks of `operator new` are seen always; those of `malloc`, which
/// C libraries take, where no sanitizer watches them already.
template <class Action>
int leaks_of(const std::vector<std::string_view>& texts, Action&& action);

/// Whether `leaks_of` sees what is given to `free`, too.
[[nodiscard]] bool sees_malloc();

void begin_watch(const std::vector<std::string_view>& texts);
int end_watch();

template <class Action>
int leaks_of(const std::vector<std::string_view>& texts, Action&& action) {
  begin_watch(texts);
  action();
  return end_watch();
}

}  // namespace hookline::fakes
