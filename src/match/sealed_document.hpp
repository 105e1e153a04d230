#pragma once

#include <string>
#include <string_view>

namespace hookline::detail {

/// What a sealed document begins with: no JSON does.
inline constexpr std::string_view kSealedMark("hookline-sealed\x01", 16);

[[nodiscard]] inline bool is_sealed(std::string_view document) {
  return document.substr(0, kSealedMark.size()) == kSealedMark;
}

}  // namespace hookline::detail
