#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "store/shelf.hpp"
#include "store/sqlite_file.hpp"

using namespace hookline;
using namespace hookline::fakes;

namespace {

/// Runs `work` in a process of its own, which ends only by being killed; returns when it is done.
template <class Work>
pid_t in_child(Work work) {
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  if (child == 0) {
    work();
    static_cast<void>(!write(ready[1], "x", 1));
    for (;;) pause();
  }
  char done = 0;
  CHECK(read(ready[0], &done, 1) == 1);
  close(ready[0]);
  close(ready[1]);
  return child;
}

void end_child(pid_t child) {
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

StoreWork first_round() {
  StoreWork round;
  round.first = true;
  round.list_lanes = 100;
  return round;
}

}  // namespace

TEST_CASE("Two stores on one file never hold the same delivery") {
  const SqliteFile file;
  const Shelf shelves[] = {Shelf(file.open()), Shelf(file.open())};
  constexpr int kDeliveries = 400;
  for (int i = 0; i < kDeliveries; ++i) shelves[i % 2].put(lane("a"));
  std::vector<DeliveryId> taken[2];
  std::vector<std::thread> threads;
  for (int s : {0, 1}) {
    threads.emplace_back([&, s] {
      for (;;) {
        const ClaimedLane claimed = shelves[s].claim(lane("a"), 3, 100);
        if (claimed.claims.empty()) return;
        for (const Claim& claim : claimed.claims) taken[s].push_back(claim.id);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<DeliveryId> all(taken[0].begin(), taken[0].end());
  all.insert(taken[1].begin(), taken[1].end());
  CHECK(all.size() == kDeliveries);
  CHECK(taken[0].size() + taken[1].size() == kDeliveries);
}

TEST_CASE("What one store holds or lists the other leaves alone as long as it lives") {
  const SqliteFile file;
  const Shelf one(file.open());
  const Shelf other(file.open());
  one.put(lane("a"));
  one.put(lane("b"));
  one.hold(lane("b"), DueTime::max());
  CHECK(one.list(10, 100) == std::vector<LaneKey>{lane("a")});
  CHECK(other.work(first_round(), 200).due_lanes.empty());
  CHECK(one.work(first_round(), 300).due_lanes.size() == 2);
}

TEST_CASE("When a store is closed its leases and holds are free at once") {
  const SqliteFile file;
  const Shelf one(file.open());
  {
    const Shelf other(file.open());
    other.put(lane("a"));
    other.put(lane("b"));
    other.hold(lane("b"), DueTime::max());
    other.take(lane("a"), 0);
  }
  CHECK(one.list(10, 100) == std::vector<LaneKey>{lane("b")});
  // The lost lease puts the delivery off a little, in case it was what took its process down.
  CHECK(one.list(10, 1'100) == std::vector<LaneKey>{lane("a")});
  CHECK(one.take(lane("a"), 1'100).lease == 2);
}

TEST_CASE("What came leased is due again when its store is closed") {
  const SqliteFile file;
  const Shelf one(file.open());
  const DeliveryId id = Shelf(file.open()).put_leased(lane("a")).id;
  CHECK(one.status(id) == DeliveryStatus::in_flight);
  one.work({}, 100);
  CHECK(one.status(id) == DeliveryStatus::pending);
  CHECK(one.listed() == std::vector<DeliveryId>{id});
  CHECK(one.take(lane("a"), 1'100).lease == 2);
}

TEST_CASE("When a process is killed the others take over without waiting for a clock") {
  const SqliteFile file;
  std::unique_ptr<Shelf> held;
  const pid_t child = in_child([&] {
    held = std::make_unique<Shelf>(file.open());
    held->put(lane("a"));
    held->put(lane("b"));
    static_cast<void>(held->take(lane("a"), 0));
    held->hold(lane("b"), DueTime::max());
  });
  end_child(child);
  const Shelf shelf(file.open());
  CHECK(shelf.list(10, 100) == std::vector<LaneKey>{lane("b")});
  CHECK(shelf.list(10, 1'100) == std::vector<LaneKey>{lane("a")});
}

/// A process that only takes commands never takes over: the dead neighbour stays in the file.
TEST_CASE("The death of another process is told within a second, and once") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  std::atomic<int> told{0};
  std::unique_ptr<Shelf> neighbour;
  const pid_t child = in_child([&] { neighbour = std::make_unique<Shelf>(file.open()); });
  const auto handle = shelf.store->on_foreign_write([&] { ++told; });
  REQUIRE(handle);
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(told == 0);
  end_child(child);
  std::this_thread::sleep_for(std::chrono::milliseconds(1'000));
  CHECK(told == 1);
  std::this_thread::sleep_for(std::chrono::milliseconds(1'200));
  CHECK(told == 1);
}

TEST_CASE("A forked process gets an error from a store that it has inherited, not a hang") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  const DeliveryId id = shelf.put(lane("a"));
  const pid_t child = fork();
  if (child == 0) {
    const bool refused =
        shelf.try_append(event_with({delivery_to(lane("a"))})).error().code == ErrorCode::forked &&
        shelf.store->find(id).error().code == ErrorCode::forked &&
        shelf.store->exchange({}).error().code == ErrorCode::forked;
    delete const_cast<Shelf&>(shelf).store.release();
    const auto anew = file.try_open();
    _exit(refused && anew && (*anew)->find(id) ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  CHECK(shelf.take(lane("a"), 0).id == id);  // the parent goes on
}
