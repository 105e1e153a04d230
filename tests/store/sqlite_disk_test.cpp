#include <sqlite3.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "catch.hpp"
#include "store/disk_faults.hpp"
#include "store/shelf.hpp"
#include "store/sqlite_file.hpp"
#include "store/sqlite_integrity.hpp"

using namespace hookline;
using namespace hookline::fakes;

namespace {

Result<AppendedEvent> append(const Shelf& shelf, const std::string& message) {
  return shelf.try_append(event_with({delivery_to(lane("a"))}, message));
}

/// As some file systems do with what they could not write.
void overwrite_with_zeros(const std::string& path, std::uintmax_t from) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(0, std::ios::end);
  const auto size = static_cast<std::uintmax_t>(file.tellp());
  file.seekp(static_cast<std::streamoff>(from));
  file << std::string(size - from, '\0');
  REQUIRE(file.flush());
}

}  // namespace

TEST_CASE("A full disk refuses what is new, keeps what is there, and is forgiven") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  const DeliveryId before = append(shelf, "msg_1")->ids.at(0);
  const DiskFaults disk;
  DiskFaults::write_error = ENOSPC;
  const auto refused = append(shelf, "msg_2");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::store_failed);
  CHECK(refused.error().message.find("full; make room") != std::string::npos);
  CHECK(refused.error().message.find(file.path()) != std::string::npos);
  CHECK(shelf.has(before));

  DiskFaults::write_error = 0;
  REQUIRE(append(shelf, "msg_3"));
  CHECK(shelf.store->counts()->pending == 2);
}

TEST_CASE("A commit whose sync fails is unknown, and the error carries the event's id") {
  const SqliteFile file;
  DeliveryCounts counts;
  {
    const Shelf shelf(file.open());
    REQUIRE(append(shelf, "msg_1"));
    const DiskFaults disk;
    DiskFaults::sync_error = EIO;
    const auto unknown = append(shelf, "msg_2");
    REQUIRE_FALSE(unknown);
    CHECK(unknown.error().code == ErrorCode::commit_unknown);
    CHECK(unknown.error().message.find("msg_2") != std::string::npos);
    CHECK(unknown.error().message.find(file.path()) != std::string::npos);

    DiskFaults::sync_error = 0;
    REQUIRE(append(shelf, "msg_3"));  // the file was opened anew
    counts = shelf.store->counts().value();
    CHECK(counts.pending >= 2);
    CHECK(counts.pending <= 3);
  }
  CHECK(Shelf(file.open()).store->counts()->pending == counts.pending);
}

TEST_CASE("After a failed sync nothing is taken until the log is on the disk") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  const DiskFaults disk;
  DiskFaults::sync_error = EIO;
  CHECK(append(shelf, "msg_1").error().code == ErrorCode::commit_unknown);
  const auto refused = append(shelf, "msg_2");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::store_failed);
  CHECK(refused.error().message.find("cannot be brought to the disk") != std::string::npos);
  DiskFaults::sync_error = 0;
  REQUIRE(append(shelf, "msg_3"));
  CHECK(shelf.store->counts()->pending == 2);
}

TEST_CASE("A sync that fails once is made good before the dispatch returns") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  const DiskFaults disk;
  DiskFaults::syncs_hang = true;
  DiskFaults::sync_error = EIO;
  const int before = DiskFaults::syncs;
  Result<AppendedEvent> appended;
  std::thread appender([&] { appended = append(shelf, "msg_1"); });
  while (DiskFaults::syncs == before) std::this_thread::yield();
  DiskFaults::failing_syncs = 1;
  DiskFaults::syncs_hang = false;
  appender.join();
  CHECK(appended);
}

TEST_CASE("What the disk has lost of the log is neither built upon nor brought into the database") {
  const SqliteFile file;
  const SqliteFile left;
  {
    const Shelf shelf(file.open());
    REQUIRE(append(shelf, "msg_1"));
    REQUIRE(shelf.store->counts());  // whose connection keeps the log's index
    const auto from = std::filesystem::file_size(file.path() + "-wal");
    {
      const DiskFaults disk;
      DiskFaults::sync_error = EIO;
      CHECK(append(shelf, "msg_2").error().code == ErrorCode::commit_unknown);
    }
    overwrite_with_zeros(file.path() + "-wal", from);
    const auto refused = append(shelf, "msg_3");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message.find("lost what was written") != std::string::npos);
    const Shelf other(file.open());  // it can be read, as far as it is there
    CHECK_FALSE(append(other, "msg_4"));
  }
  const std::string copy = "cp '" + file.path() + "' '" + left.path() + "'";
  REQUIRE(std::system(copy.c_str()) == 0);
  CHECK(integrity_of(left.path()) == "ok");
}

TEST_CASE("A log that could not be synced for a checkpoint is written anew before the next one") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  const Claim claim = shelf.put_leased(lane("a"));
  NewEvent large = event_with({delivery_to(lane("b"))});
  large.managed_body = std::make_shared<const std::string>(1'000'000, 'x');
  // Until the next one to write finds it long enough.
  while (std::filesystem::file_size(file.path() + "-wal") < 33'000'000) shelf.append(large);
  const DiskFaults disk;
  DiskFaults::sync_error = EIO;
  DiskFaults::failing_syncs = 1;  // that of the checkpoint
  const int before = DiskFaults::syncs;
  CHECK(shelf.record(claim, Outcome::Kind::delivered, 1).recorded);
  CHECK(DiskFaults::syncs - before == 2);  // the other one is that of the log, anew
}

TEST_CASE("A reader that stays does not keep a store from going on after a failed sync") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  REQUIRE(append(shelf, "msg_1"));
  sqlite3* reader = nullptr;
  REQUIRE(sqlite3_open(file.path().c_str(), &reader) == SQLITE_OK);
  REQUIRE(sqlite3_exec(reader, "BEGIN; SELECT * FROM event", nullptr, nullptr, nullptr) ==
          SQLITE_OK);
  {
    const DiskFaults disk;
    DiskFaults::sync_error = EIO;
    CHECK_FALSE(append(shelf, "msg_2"));
  }
  CHECK(append(shelf, "msg_3"));
  sqlite3_close(reader);
}

TEST_CASE("Nobody who waits for a sync that fails is told that it has succeeded") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  shelf.put(lane("a"));
  const DiskFaults disk;
  DiskFaults::syncs_hang = true;
  DiskFaults::sync_error = EIO;
  const int before = DiskFaults::syncs;
  std::atomic<int> unknown{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const auto appended = append(shelf, "msg_2");
      if (appended) return;
      ++(appended.error().code == ErrorCode::commit_unknown ? unknown : refused);
    });
  }
  // One waits for its sync, and at least one more for that one.
  while (DiskFaults::syncs == before || shelf.store->counts()->pending < 3) {
    std::this_thread::yield();
  }
  CHECK(unknown + refused == 0);
  DiskFaults::syncs_hang = false;
  for (std::thread& thread : threads) thread.join();
  CHECK(unknown >= 2);
  CHECK(unknown + refused == 8);
}

TEST_CASE("Outcomes do not wait for the syncs of dispatches, however many") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  const Claim claim = shelf.put_leased(lane("a"));
  const DiskFaults disk;
  DiskFaults::syncs_hang = true;
  std::atomic<int> appended{0};
  std::vector<std::thread> appenders;
  for (int i = 0; i < 8; ++i) {
    appenders.emplace_back([&] {
      shelf.put(lane("a"));
      ++appended;
    });
  }
  while (shelf.store->counts()->pending < 3) std::this_thread::yield();
  CHECK(shelf.record(claim, Outcome::Kind::delivered, 1).recorded);
  CHECK(appended == 0);
  DiskFaults::syncs_hang = false;
  for (std::thread& appender : appenders) appender.join();
  CHECK(appended == 8);
}

TEST_CASE("Who is told that its event was there before waits until that is on the disk") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  const Shelf other(file.open());
  const NewEvent event = with_key(event_with({delivery_to(lane("a"))}), "k");
  shelf.append(event);
  const int before = DiskFaults::syncs;
  CHECK(other.append(event).repeated);
  CHECK(DiskFaults::syncs > before);
}

TEST_CASE("Outcomes do not wait for a sync, dispatches do") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  const int before = DiskFaults::syncs;
  shelf.put(lane("a"));
  CHECK(DiskFaults::syncs > before);
  const int appended = DiskFaults::syncs;
  const Claim claim = shelf.take(lane("a"), 0);
  CHECK(shelf.record(claim, Outcome::Kind::delivered, 1).recorded);
  CHECK(DiskFaults::syncs == appended);
}

TEST_CASE("A disk that fails under a round fails it whole") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  const DeliveryId id = shelf.put(lane("a"));
  const DiskFaults disk;
  DiskFaults::write_error = EIO;
  StoreWork round;
  round.claims = {{lane("a"), 1, false, false}};
  round.lease_until = at(60'000);
  round.now = at(0);
  CHECK_FALSE(shelf.store->exchange(round));
  DiskFaults::write_error = 0;
  CHECK(shelf.status(id) == DeliveryStatus::pending);
  CHECK(shelf.take(lane("a"), 0).lease == 1);
}

TEST_CASE("A commit goes to the log in one write") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  shelf.put(lane("a"));
  const DiskFaults disk;
  const int before = DiskFaults::writes;
  shelf.put(lane("a"));
  CHECK(DiskFaults::writes - before == 1);
}

TEST_CASE("Bodies of any size come back as they were") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  for (const std::size_t size : {100'000, 131'072, 262'144, 1'048'576}) {
    NewEvent event = event_with({delivery_to(lane("a"))});
    std::string body(size, 'x');
    for (std::size_t i = 0; i < size; i += 1'000) body[i] = static_cast<char>(i / 1'000);
    event.managed_body = std::make_shared<const std::string>(body);
    shelf.append(event);
    CHECK(*shelf.take(lane("a"), 0).body == body);
  }
}

TEST_CASE("What the disk has refused of a commit does not come to it later") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  const Shelf other(file.open());
  const DiskFaults disk;
  for (int i = 0; i < 20; ++i) {
    DiskFaults::write_error = ENOSPC;
    CHECK_FALSE(append(shelf, "msg_refused"));
    DiskFaults::write_error = 0;
    REQUIRE(append(other, "msg_1"));
    REQUIRE(append(shelf, "msg_2"));
  }
  CHECK(shelf.store->counts()->pending == 40);
  CHECK(other.store->list({})->deliveries.size() == 40);
}

TEST_CASE(
    "What a round writes twice, since it is larger than the cache, is read again after a crash") {
  const SqliteFile file;
  constexpr std::size_t kEvents = 100;  // the cache has room for 64 of them, the log for all
  {
    const Shelf shelf(file.open());
    NewEvent large = event_with({delivery_to(lane("a"))});
    large.managed_body = std::make_shared<const std::string>(64 * 1024, 'x');
    for (std::size_t i = 0; i < kEvents; ++i) shelf.append(large);
    shelf.finish(lane("a"), Outcome::Kind::delivered, 0);
    shelf.put(lane("b"), "msg_late", 8 * kDay);
  }
  const Shelf shelf(file.open());  // with an empty log
  // Its row shares a page with the last of those, so that the page is changed first and last.
  Outcome late;
  late.kind = Outcome::Kind::delivered;
  late.claim = shelf.take(lane("b"), 8 * kDay);
  late.at = wall(8 * kDay);
  StoreWork round;
  round.outcomes = {late};
  round.prune = kEvents;
  shelf.work(round, 8 * kDay);
  REQUIRE(shelf.store->counts()->delivered == 1);
  const DeliveryId last = shelf.put(lane("b"), "msg_last", 8 * kDay);

  // What a process that is killed now leaves to the next one: all but the shared memory. Another
  // process copies, since to close the file in this one would drop SQLite's locks.
  const SqliteFile left;
  const std::string copy =
      "cp '" + file.path() + "' '" + file.path() + "-wal' '" + left.folder().string() + "'";
  REQUIRE(std::system(copy.c_str()) == 0);
  const Shelf after(left.open());
  CHECK(after.has(last));
  CHECK(after.store->counts()->delivered == 1);
}
