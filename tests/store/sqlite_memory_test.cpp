// What happens when there is no memory for something of a commit: nobody waits for ever, what was
// said is true, and the store goes on.

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <functional>
#include <new>
#include <vector>

#include "catch.hpp"
#include "fakes/failing_memory.hpp"
#include "store/disk_faults.hpp"
#include "store/shelf.hpp"
#include "store/sqlite_file.hpp"
#include "store/sqlite_writer.hpp"
#include "store/waiting_line.hpp"

using namespace hookline;
using namespace hookline::fakes;
using detail::CommitJob;
using detail::CommitJobs;
using detail::SqliteTables;
using detail::SqliteWriter;

namespace {

/// What was said of a dispatch.
enum class Said { nothing, stored, refused, unknown };

Said append_to(DeliveryStore& store) {
  std::vector<NewEvent> events;
  events.push_back(event_with({delivery_to(lane("a"))}));
  const auto appended = store.append(std::move(events), {});
  if (appended[0]) return Said::stored;
  const bool unknown = appended[0].error().code == ErrorCode::commit_unknown;
  return unknown ? Said::unknown : Said::refused;
}

std::size_t stored_in(const DeliveryStore& store) {
  DeliveryQuery query;
  query.limit = 1'000;
  const std::size_t listed = store.list(query)->deliveries.size();
  CHECK(store.counts()->pending + store.counts()->in_flight == listed);
  return listed;
}

/// Of the only dispatch into a store.
bool is_true(Said said, std::size_t stored) {
  if (said == Said::stored) return stored == 1;
  return said == Said::refused ? stored == 0 : stored <= 1;
}

/// For each allocation that `action` makes on a store of its own, that one fails, or all from there
/// on. What `action` answers is held against the store, which then has to take the next dispatch.
void fail_each_allocation(const std::function<Said(DeliveryStore&)>& action) {
  for (const MemoryFails how : {MemoryFails::once, MemoryFails::from_there}) {
    bool came = true;
    std::size_t number = 0;
    while (came) {
      ++number;
      CAPTURE(number);
      const SqliteFile file;
      const auto store = file.open();
      auto said = Said::nothing;
      came = with_failing_allocation(number, how, [&] { said = action(*store); });
      DiskFaults::heal();
      const std::size_t stored = stored_in(*store);
      CHECK(is_true(said, stored));
      REQUIRE(append_to(*store) == Said::stored);
      REQUIRE(stored_in(*store) == stored + 1);
    }
    CHECK(number > 20);
  }
}

}  // namespace

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

TEST_CASE("Whatever there is no memory for in a dispatch, the store goes on") {
  fail_each_allocation(&append_to);
}

TEST_CASE("Whatever there is no memory for in a round, the store goes on") {
  StoreWork round;
  round.now = at(1'000);
  round.wall = wall(1'000);
  round.lease_until = at(60'000);
  round.claims = {{lane("a"), 1, false, false}};
  fail_each_allocation([&](DeliveryStore& store) {
    const Said said = append_to(store);
    static_cast<void>(store.exchange(round));
    return said;
  });
}

TEST_CASE("Whatever cannot be said of a disk that fails, the store goes on") {
  const DiskFaults disk;
  std::atomic<int>* const fault = GENERATE(&DiskFaults::sync_error, &DiskFaults::write_error);
  fail_each_allocation([&](DeliveryStore& store) {
    *fault = EIO;
    return append_to(store);
  });
}

TEST_CASE("A leader without memory does not keep those who share its commit") {
  for (std::size_t number = 1; number <= 40; ++number) {
    const SqliteFile file;
    const auto store = file.open();
    std::atomic<int> ended{0};
    const auto append = [&] { ended += append_to(*store) != Said::nothing ? 1 : 0; };
    WaitingLine line(file, std::chrono::milliseconds(5));
    line.add(append);
    line.add([&] {
      with_failing_allocation(number, MemoryFails::from_there, [&] { append_to(*store); });
      ++ended;
    });
    for (int i = 0; i < 3; ++i) line.add(append);
    line.go_on();
    CHECK(ended == 5);
    REQUIRE(append_to(*store) == Said::stored);
  }
}
