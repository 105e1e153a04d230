#pragma once

#include <iosfwd>
#include <string>
#include <vector>

#include "harness/rounds.hpp"

namespace hookline::bench {

/// All that was measured, as JSON; see README.md.
[[nodiscard]] std::string to_json(const std::vector<ScenarioResult>& results,
                                  const Settings& settings);

/// A line for each target of one scenario.
void print_targets(std::ostream& out, const ScenarioResult& result);
/// A line for each side: what a delivery has cost.
void print_figures(std::ostream& out, const ScenarioResult& result);
void print_header(std::ostream& out);

}  // namespace hookline::bench
