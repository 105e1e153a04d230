#include "simulation/script.hpp"

#include <stdexcept>

#include "catch.hpp"
#include "simulation/draw.hpp"

using namespace hookline::simulation;

TEST_CASE("A script is the same after it was written and read", "[script]") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const std::string text = to_text(draw(seed, shape_of(seed)));
    REQUIRE(to_text(parse_script(text)) == text);
  }
}

TEST_CASE("A script can have remarks and empty lines", "[script]") {
  const Script script = parse_script("# why it is kept\n\nseed 7\nat 100 dispatch r1 r12 3\n");
  CHECK(script.seed == 7);
  REQUIRE(script.actions.size() == 1);
  CHECK(script.actions[0].who == std::vector<int>{1, 12});
  CHECK(script.actions[0].number == 3);
}

TEST_CASE("A script that nobody understands fails the test", "[script]") {
  CHECK_THROWS_AS(parse_script("at 100 dance r1"), std::runtime_error);
  CHECK_THROWS_AS(parse_script("colour blue"), std::runtime_error);
  CHECK_THROWS_AS(parse_script("at"), std::runtime_error);
}
