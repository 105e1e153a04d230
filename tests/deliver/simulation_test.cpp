#include "fakes/simulation.hpp"

#include <cstdlib>

#include "catch.hpp"

using hookline::fakes::Simulation;

namespace {

/// `HOOKLINE_SEED=17 test_deliver "[simulation]"` runs one seed again; `HOOKLINE_SEEDS=100000`
/// more.
std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value ? std::strtoull(value, nullptr, 10) : otherwise;
}

}  // namespace

TEST_CASE("In every simulated world each promise of the engine holds", "[simulation]") {
  const std::uint64_t first = from_environment("HOOKLINE_SEED", 1);
  const bool one = std::getenv("HOOKLINE_SEED") != nullptr;
  const std::uint64_t count = one ? 1 : from_environment("HOOKLINE_SEEDS", 150);
  std::uint64_t delivered = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    Simulation world(seed);
    const auto violation = world.run();
    INFO("run it again: HOOKLINE_SEED=" << seed << " test_deliver \"[simulation]\"");
    REQUIRE(violation.value_or("") == "");
    delivered += world.delivered();
  }
  REQUIRE(delivered > 0);
}

TEST_CASE("A seed gives the same world each time", "[simulation]") {
  Simulation once(42);
  Simulation again(42);
  Simulation other(43);
  REQUIRE_FALSE(once.run());
  REQUIRE_FALSE(again.run());
  REQUIRE_FALSE(other.run());
  REQUIRE(once.requests() > 100);
  REQUIRE(once.digest() == again.digest());
  REQUIRE(once.digest() != other.digest());
}

TEST_CASE(
    "Without faults of store and process every delivery is sent exactly as often as it must be",
    "[simulation]") {
  Simulation::Options calm;
  calm.store_failure = 0;
  calm.crashes = false;
  calm.changes = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Simulation world(seed, calm);
    REQUIRE(world.run().value_or("") == "");
  }
}
