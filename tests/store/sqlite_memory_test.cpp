// What happens when there is no memory for something of a commit.

#include <cstddef>
#include <new>
#include <string>

#include "catch.hpp"
#include "fakes/failing_memory.hpp"
#include "store/shelf.hpp"
#include "store/sqlite_file.hpp"
#include "store/sqlite_writer.hpp"

using namespace hookline;
using namespace hookline::fakes;
using detail::CommitJob;
using detail::CommitJobs;
using detail::SqliteTables;
using detail::SqliteWriter;

TEST_CASE("A job without memory fails alone") {
  const SqliteFile file;
  auto writer = SqliteWriter::open({file.path()});
  REQUIRE(writer);
  CommitJob first;
  CommitJob poor;
  CommitJob last;
  int done = 0;
  first.run = last.run = [&](SqliteTables& /*tables*/) { ++done; };
  poor.run = [](SqliteTables& /*tables*/) { throw std::bad_alloc(); };
  CommitJobs jobs;
  for (CommitJob* job : {&first, &poor, &last}) jobs.push_back(*job);
  (*writer)->commit(jobs);
  CHECK(first.result);
  CHECK(last.result);
  CHECK(done >= 2);
  REQUIRE_FALSE(poor.result);
  CHECK(poor.result.error().code == ErrorCode::store_failed);
  CHECK_THAT(poor.result.error().message, Catch::Matchers::Contains("memory"));
}

TEST_CASE("Whatever there is no memory for in a dispatch or a round, the store goes on") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  std::size_t stored = 0;
  bool came = true;
  std::size_t number = 0;
  while (came) {
    const std::string message = "msg_" + std::to_string(++number);
    came = with_failing_allocation(number, [&] {
      static_cast<void>(shelf.store->append({event_with({delivery_to(lane("a"))}, message)}, {}));
    });
    const auto counts = shelf.store->counts();
    REQUIRE(counts);
    REQUIRE((counts->pending == stored || counts->pending == stored + 1));
    stored = counts->pending;
  }
  CHECK(number > 10);

  StoreWork round;
  round.now = at(1'000);
  round.wall = wall(1'000);
  round.lease_until = at(60'000);
  round.claims = {{lane("a"), 1, false, false}};
  came = true;
  for (number = 1; came; ++number) {
    came =
        with_failing_allocation(number, [&] { static_cast<void>(shelf.store->exchange(round)); });
    const auto counts = shelf.store->counts();
    REQUIRE(counts);
    REQUIRE(counts->pending + counts->in_flight == stored);
  }
  CHECK(number > 10);
  shelf.append(event_with({delivery_to(lane("a"))}, "last"));
  DeliveryQuery all;
  all.limit = 1'000;
  CHECK(shelf.store->list(all)->deliveries.size() == stored + 1);
}
