#pragma once

#include <string>
#include <string_view>

#include "hookline/payload_builder.hpp"
#include "hookline/result.hpp"

namespace hookline::detail {

/// Options in the form that `filter_headless` wants: `remove_members` holds every name that is
/// removed, normalised, and the limits are such that sizes fit RapidJSON's 32-bit arithmetic.
[[nodiscard]] PayloadOptions finalised(PayloadOptions options);

/// The document of a headless import as it is sent, or why it cannot be; what is removed and what
/// is refused stands at `PayloadBuilder::managed`. Stack and depth of recursion do not grow with
/// the document, and time grows no faster than sorting its names does.
///
/// REQUIRES: `options` come from `finalised`.
[[nodiscard]] Result<std::string> filter_headless(std::string_view document,
                                                  const PayloadOptions& options);

}  // namespace hookline::detail
