#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "hookline/import.hpp"

namespace hookline::detail {

/// An import as bytes, every field of it: two imports give the same bytes only if they are equal.
/// They begin with the version of their form: versions are added, never changed.
[[nodiscard]] std::string encode_import(const Import& import);

/// Nothing if the bytes are not an import in a form that this version knows.
[[nodiscard]] std::optional<Import> decode_import(std::string_view bytes);

}  // namespace hookline::detail
