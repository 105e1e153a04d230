#pragma once

#include <string_view>

#include "hookline/export.hpp"

namespace hookline {

/// The version of the library that is linked, `major.minor.patch`.
[[nodiscard]] HOOKLINE_API std::string_view version();

}  // namespace hookline
