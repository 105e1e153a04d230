#pragma once

#include <map>
#include <string>
#include <vector>

#include "harness/scenario.hpp"

namespace hookline::bench {

/// Of one figure over the rounds.
struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
};

struct SideResult {
  std::string name;
  std::map<std::string, Spread> figures;
};

/// `ratio` is the median of the ratios of each round, in which both sides ran one after the other.
struct TargetResult {
  Target target;
  double ours = 0;
  double theirs = 0;
  Spread ratio;
  bool met = false;
};

struct ScenarioResult {
  std::string name;
  std::string what;
  std::string curve;
  double x = 0;
  int rounds = 0;
  std::vector<SideResult> sides;
  std::vector<TargetResult> targets;
};

/// Runs all sides in turn, round after round. Throws `std::runtime_error` if one of them fails.
[[nodiscard]] ScenarioResult play(const Scenario& scenario, int rounds);

/// Runs something in a child process and hands its figures over. Throws if the child fails.
/// REQUIRES: this process has one thread.
[[nodiscard]] Figures run_isolated(const std::function<Figures()>& run);

}  // namespace hookline::bench
