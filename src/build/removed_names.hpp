#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.hpp"

namespace hookline::detail {

// Names of removed members are compared without regard to ASCII case, spaces and `_ - .`.

[[nodiscard]] constexpr bool is_separator(char c) {
  return c == ' ' || c == '_' || c == '-' || c == '.';
}

/// A name as the others are compared with it.
[[nodiscard]] inline std::string normalised_name(std::string_view name) {
  std::string normalised = lower(name);
  normalised.erase(std::remove_if(normalised.begin(), normalised.end(), is_separator),
                   normalised.end());
  return normalised;
}

/// Whether a name is a spelling of another. Nothing is copied: every name of a document is asked
/// about, and most differ in their first letter.
[[nodiscard]] inline bool spells(std::string_view name, std::string_view normalised) {
  for (const char c : name) {
    if (is_separator(c)) continue;
    if (normalised.empty() || to_lower(c) != normalised.front()) return false;
    normalised.remove_prefix(1);
  }
  return normalised.empty();
}

/// REQUIRES: `removed` are normalised.
[[nodiscard]] inline bool is_removed(std::string_view name,
                                     const std::vector<std::string>& removed) {
  return std::any_of(removed.begin(), removed.end(),
                     [name](const std::string& one) { return spells(name, one); });
}

}  // namespace hookline::detail
