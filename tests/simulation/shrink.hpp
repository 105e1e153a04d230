#pragma once

#include <cstddef>
#include <functional>
#include <optional>

#include "simulation/promise.hpp"
#include "simulation/script.hpp"

namespace hookline::simulation {

/// Runs a script and says which promise it breaks, if any.
using Trial = std::function<std::optional<Promise>(const Script&)>;

/// A script that breaks the same promise and has as little in it as can be found in `runs` trials:
/// fewer actions and receivers, rounder times and numbers. REQUIRES: `script` breaks one.
[[nodiscard]] Script shrink(const Script& script, const Trial& trial, std::size_t runs = 3'000);

}  // namespace hookline::simulation
