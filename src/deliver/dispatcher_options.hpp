#pragma once

#include <optional>

#include "hookline/dispatcher.hpp"
#include "hookline/signer.hpp"

namespace hookline::detail {

/// Checks what can be checked without starting anything, but for the secrets. `invalid_options`,
/// with every fault found.
[[nodiscard]] Result<void> check(const DispatcherOptions& options);

/// Nothing without secrets. `invalid_options`.
[[nodiscard]] Result<std::optional<Signer>> basic_signer(const DispatcherOptions& options);

}  // namespace hookline::detail
