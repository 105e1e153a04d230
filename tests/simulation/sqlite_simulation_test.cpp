#include <cstdlib>
#include <memory>

#include "catch.hpp"
#include "simulation/draw.hpp"
#include "simulation/world.hpp"
#include "store/sqlite_file.hpp"

using namespace hookline;
using namespace hookline::simulation;

/// Real files, one for each world: fewer worlds, the same promises. Each instance has the file open
/// by itself, so that what it has leased is taken over at once when it dies.
TEST_CASE("The promises hold on the SQLite store, too", "[seeds][sqlite]") {
  const char* asked = std::getenv("HOOKLINE_SEEDS");
  const std::uint64_t count = asked ? std::strtoull(asked, nullptr, 10) / 20 + 1 : 100;
  std::uint64_t delivered = 0;
  for (std::uint64_t seed = 1; seed <= count; ++seed) {
    const fakes::SqliteFile file;
    Seams seams;
    seams.store =
        seams.opened_again = [&file]() -> std::unique_ptr<DeliveryStore> { return file.open(); };
    const Report report = run(draw(seed, shape_of(seed)), seams);
    INFO("seed " << seed << (report.violation ? ": " + report.violation->what : ""));
    REQUIRE_FALSE(report.violation);
    delivered += report.delivered;
  }
  CHECK(delivered > 0);
}
