#include "simulation/shrink.hpp"

#include <algorithm>

#include "catch.hpp"
#include "simulation/draw.hpp"
#include "simulation/world.hpp"

using namespace hookline::simulation;

namespace {

/// A fault that needs three things in this order, whatever else happens.
std::optional<Promise> needs_three(const Script& script) {
  const auto of = [&](Verb verb, auto from) {
    return std::find_if(from, script.actions.end(),
                        [&](const Action& action) { return action.verb == verb; });
  };
  const auto pause = of(Verb::pause, script.actions.begin());
  const auto wall = of(Verb::wall, pause);
  return of(Verb::open, wall) == script.actions.end() ? std::nullopt
                                                      : std::optional(Promise::order);
}

std::uint64_t seed_that_fails() {
  std::uint64_t seed = 1;
  while (!needs_three(draw(seed, small_shape()))) ++seed;
  return seed;
}

}  // namespace

TEST_CASE("A failing script shrinks to what the failure needs", "[shrink]") {
  const Script small = shrink(draw(seed_that_fails(), small_shape()), needs_three);
  REQUIRE(small.actions.size() == 3);
  CHECK(small.actions[0].verb == Verb::pause);
  CHECK(small.actions[1].verb == Verb::wall);
  CHECK(small.actions[2].verb == Verb::open);
  CHECK(small.actions[1].number == 0);
  CHECK(small.actions[2].at.count() % 1'000 == 0);
}

TEST_CASE("A script that fails otherwise is not taken for a smaller one", "[shrink]") {
  const Script script = draw(seed_that_fails(), small_shape());
  const Script small = shrink(script, [&](const Script& tried) -> std::optional<Promise> {
    if (const auto broken = needs_three(tried)) return broken;
    return Promise::spacing;
  });
  CHECK(needs_three(small) == Promise::order);
}

TEST_CASE("A fault in a world shrinks to a script of a few lines", "[shrink]") {
  Seams seams;
  seams.luck_added = -0.5;  // a jitter that goes beyond what is allowed
  const Trial trial = [&](const Script& script) -> std::optional<Promise> {
    const auto violation = run(script, seams).violation;
    return violation ? std::optional(violation->promise) : std::nullopt;
  };
  std::uint64_t seed = 1;
  while (!trial(draw(seed, small_shape()))) ++seed;
  const Script small = shrink(draw(seed, small_shape()), trial);
  CHECK(small.actions.size() <= 5);
  CHECK(small.receivers.size() == 1);
}
