#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "hookline/dispatcher.hpp"
#include "hookline/signer.hpp"

namespace hookline::detail {

/// What is wrong with a schedule, and the way out; nothing if it can be used: 1 to 50 delays of up
/// to seven days.
[[nodiscard]] std::optional<std::string> retry_schedule_fault(
    const std::vector<std::chrono::milliseconds>& schedule);

/// Checks what can be checked without starting anything. `invalid_options`, with every fault found.
[[nodiscard]] Result<void> check(const DispatcherOptions& options);

/// Nothing without secrets. `invalid_options`.
[[nodiscard]] Result<std::optional<Signer>> basic_signer(const DispatcherOptions& options);

}  // namespace hookline::detail
