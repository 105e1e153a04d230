#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include "catch.hpp"
#include "simulation/draw.hpp"
#include "simulation/shrink.hpp"
#include "simulation/world.hpp"

using namespace hookline::simulation;

namespace {

std::uint64_t from_environment(const char* name, std::uint64_t otherwise) {
  const char* value = std::getenv(name);
  return value ? std::strtoull(value, nullptr, 10) : otherwise;
}

std::optional<Promise> broken_by(const Script& script) {
  const auto violation = run(script).violation;
  return violation ? std::optional(violation->promise) : std::nullopt;
}

/// A script that breaks a promise, as a test: the shortest that does the same.
std::string told(const Script& script, std::size_t runs) {
  const Script small = shrink(script, broken_by, runs);
  const Report report = run(small);
  std::ostringstream text;
  text << "# " << to_string(report.violation->promise) << " at " << report.at.count() / 1'000'000
       << " ms: " << report.violation->what << "\n"
       << to_text(small);
  return text.str();
}

}  // namespace

/// `HOOKLINE_SEED=17 test_simulation "[seeds]"` runs one seed again; `HOOKLINE_SEEDS=100000` more.
/// What a failure prints becomes a test as a file in tests/data/simulations.
TEST_CASE("In every simulated world each promise of the engine holds", "[seeds]") {
  const std::uint64_t first = from_environment("HOOKLINE_SEED", 1);
  const bool one = std::getenv("HOOKLINE_SEED") != nullptr;
  const std::uint64_t count = one ? 1 : from_environment("HOOKLINE_SEEDS", 5'000);
  std::uint64_t delivered = 0;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    const Script script = draw(seed, shape_of(seed));
    const Report report = run(script);
    if (report.violation) FAIL("HOOKLINE_SEED=" << seed << "\n" << told(script, 3'000));
    delivered += report.delivered;
  }
  REQUIRE(delivered > 0);
}

/// Smaller where fewer seeds are asked for, as under sanitizers.
TEST_CASE("100,000 deliveries of hundreds of webhooks go through 30 days of faults", "[large]") {
  const double scale =
      std::min(1.0, static_cast<double>(from_environment("HOOKLINE_SEEDS", 5'000)) / 5'000);
  const Script script = draw(from_environment("HOOKLINE_SEED", 1), large_shape(scale));
  const Report report = run(script);
  if (report.violation) FAIL(report.violation->what << "\n" << told(script, 200));
  CHECK(static_cast<double>(report.deliveries) >= 100'000 * scale);
  CHECK(report.delivered * 10 >= report.deliveries * 8);
}

TEST_CASE("What was once found stays fixed", "[kept]") {
  for (const auto& file : std::filesystem::directory_iterator(HOOKLINE_TEST_DATA "/simulations")) {
    std::ifstream stream(file.path());
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    const Report report = run(parse_script(text));
    INFO(file.path());
    CHECK((report.violation ? report.violation->what : "") == "");
  }
}

TEST_CASE("A seed gives the same world each time, also when it went through text", "[seeds]") {
  const Script script = draw(42, small_shape());
  const Report once = run(script);
  CHECK(once.requests > 50);
  CHECK(run(script).digest == once.digest);
  CHECK(run(parse_script(to_text(script))).digest == once.digest);
  CHECK(run(draw(43, small_shape())).digest != once.digest);
}
