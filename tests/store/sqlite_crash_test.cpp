#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "store/shelf.hpp"
#include "store/sqlite_file.hpp"
#include "store/sqlite_integrity.hpp"

using namespace hookline;
using namespace hookline::fakes;

namespace {

/// Appends, claims and records without an end, and reports each id that `append` has returned.
[[noreturn]] void work_until_killed(const SqliteFile& file, int report) {
  const Shelf shelf(*file.try_open());
  for (std::int64_t now = 0;; ++now) {
    const AppendedEvent appended = shelf.append(event_with({delivery_to(lane("a"))}));
    if (write(report, &appended.ids[0], sizeof(DeliveryId)) < 0) _exit(1);
    if (now % 3 == 0) shelf.finish(lane("a"), Outcome::Kind::retry, now);
  }
}

std::vector<DeliveryId> reports_of(int pipe) {
  std::vector<DeliveryId> ids;
  DeliveryId id = 0;
  while (read(pipe, &id, sizeof(id)) == sizeof(id)) ids.push_back(id);
  return ids;
}

std::vector<DeliveryId> run_and_kill(const SqliteFile& file, std::chrono::milliseconds after) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  const pid_t child = fork();
  if (child == 0) work_until_killed(file, ends[1]);
  close(ends[1]);
  std::thread killer([&] {
    std::this_thread::sleep_for(after);
    kill(child, SIGKILL);
  });
  std::vector<DeliveryId> ids = reports_of(ends[0]);
  killer.join();
  waitpid(child, nullptr, 0);
  close(ends[0]);
  return ids;
}

}  // namespace

TEST_CASE("What append has returned is there after the process was killed at any moment") {
  const SqliteFile file;
  std::mt19937 random(1);
  std::size_t total = 0;
  for (int round = 0; round < 20; ++round) {
    const auto ids = run_and_kill(file, std::chrono::milliseconds(5 + random() % 60));
    total += ids.size();
    {
      const Shelf shelf(file.open());
      for (const DeliveryId id : ids) CHECK(shelf.has(id));
      const DeliveryCounts counts = shelf.store->counts().value();
      CHECK(counts.pending + counts.in_flight >= total);
    }
    CHECK(integrity_of(file.path()) == "ok");
  }
  CHECK(total > 0);
}
