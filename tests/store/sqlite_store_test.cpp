#include "hookline/sqlite_store.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "catch.hpp"
#include "store/delivery_store_contract.hpp"
#include "store/disk_faults.hpp"
#include "store/shelf.hpp"
#include "store/sqlite_file.hpp"

using namespace hookline;
using namespace hookline::fakes;

namespace {

void run_sql(const std::string& path, const char* sql) {
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(path.c_str(), &db) == SQLITE_OK);
  CHECK(sqlite3_exec(db, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  sqlite3_close(db);
}

bool says(const Error& error, const std::string& text) {
  INFO(error.message);
  return error.message.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("The SQLite store keeps the contract of delivery stores") {
  SqliteFile file;
  check_delivery_store_contract([&] { return file.open_new(); });
}

TEST_CASE("Everything is still there after the file was closed and opened again") {
  const SqliteFile file;
  DeliveryId waiting = 0;
  DeliveryId delivered = 0;
  {
    const Shelf shelf(file.open());
    delivered = shelf.put(lane("a"));
    shelf.finish(lane("a"), Outcome::Kind::delivered, 10);
    waiting =
        shelf.append(with_key(event_with({delivery_to(lane("b"), 500)}, "msg_2"), "k")).ids[0];
    REQUIRE(shelf.store->set_paused(true));
  }
  const Shelf shelf(file.open());
  CHECK(shelf.status(delivered) == DeliveryStatus::delivered);
  CHECK(shelf.store->attempts(delivered)->size() == 1);
  CHECK(shelf.find(waiting).next_attempt_at == wall(500));
  CHECK(shelf.store->newest() == waiting);
  CHECK(shelf.store->last_time() == at(10));
  CHECK(shelf.work({}, 20).paused);
  const auto again =
      shelf.append(with_key(event_with({delivery_to(lane("b"), 500)}, "msg_3"), "k"));
  CHECK(again.repeated);
  CHECK(again.receipt.message_id == "msg_2");
  CHECK(shelf.take(lane("b"), 500).id == waiting);
}

TEST_CASE("Ids are never given out again, not even after everything was erased") {
  const SqliteFile file;
  DeliveryId last = 0;
  {
    const Shelf shelf(file.open());
    last = shelf.put(lane("a"));
    REQUIRE(shelf.store->erase({"t", std::nullopt}, 100));
  }
  CHECK(Shelf(file.open()).put(lane("a")) > last);
}

TEST_CASE("The files of a store are for its user only, whatever the umask") {
  const SqliteFile file;
  const mode_t before = umask(0);
  const Shelf shelf(file.open());
  shelf.put(lane("a"));
  static_cast<void>(shelf.store->counts());
  umask(before);
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
    struct stat status = {};
    REQUIRE(stat((file.path() + suffix).c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
  }
}

TEST_CASE("A round that has nothing to do writes nothing") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  shelf.put(lane("a"), "msg_1", 1'000);
  StoreWork round;
  round.list_lanes = 10;
  round.prune = 10;
  round.claims = {{lane("a"), 5, false, false}, {lane("nobody"), 5, false, true}};
  round.holds = {{lane("a"), DueTime::min(), true}};
  shelf.work(round, 0);
  const DiskFaults disk;
  DiskFaults::write_error = EIO;
  for (int i = 1; i < 10; ++i) CHECK(shelf.work(round, i).next_due == at(1'000));
}

TEST_CASE("A file of a newer version is refused with the way out") {
  const SqliteFile file;
  static_cast<void>(file.open());
  run_sql(file.path(), "PRAGMA user_version=99");
  const auto store = file.try_open();
  REQUIRE_FALSE(store);
  CHECK(store.error().code == ErrorCode::store_failed);
  CHECK(says(store.error(), "newer hookline (schema 99"));
  CHECK(says(store.error(), file.path()));
}

TEST_CASE("A store that a newer version upgrades while it is open stops writing") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  run_sql(file.path(), "UPDATE store SET version=99");
  const auto refused = shelf.try_append(event_with({delivery_to(lane("a"))}));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == ErrorCode::store_failed);
  CHECK(says(refused.error(), "newer hookline"));
}

TEST_CASE("The database of another program is left alone") {
  const SqliteFile file;
  run_sql(file.path(), "CREATE TABLE orders(id INTEGER PRIMARY KEY)");
  const auto store = file.try_open();
  REQUIRE_FALSE(store);
  CHECK(says(store.error(), "another program"));
}

TEST_CASE("What is no database, or a damaged one, is refused by name") {
  const SqliteFile file;
  SECTION("no database") {
    std::ofstream(file.path()) << std::string(10'000, 'x');
    const auto store = file.try_open();
    REQUIRE_FALSE(store);
    CHECK(says(store.error(), "not an SQLite database"));
    CHECK(says(store.error(), file.path()));
  }
  SECTION("damaged") {
    {
      const Shelf shelf(file.open());
      for (int i = 0; i < 100; ++i) shelf.put(lane("a"));
    }
    std::fstream damaged(file.path(), std::ios::in | std::ios::out | std::ios::binary);
    damaged.seekp(4096);
    damaged << std::string(200'000, 'x');
    damaged.close();
    auto store = file.try_open();
    const Error error = store ? (*store)->exchange({}).error() : store.error();
    CHECK(error.code == ErrorCode::store_failed);
    CHECK(says(error, "damaged"));
  }
  SECTION("a folder") {
    const auto store = SqliteStore::open({file.folder().string()});
    REQUIRE_FALSE(store);
    CHECK(says(store.error(), file.folder().string()));
  }
  SECTION("no folder") {
    CHECK(SqliteStore::open({(file.folder() / "none" / "db").string()}).error().code ==
          ErrorCode::store_failed);
  }
  SECTION("no name") { CHECK(SqliteStore::open({}).error().code == ErrorCode::invalid_options); }
}

TEST_CASE("A path by way of a symbolic link is the same store") {
  const SqliteFile file;
  const Shelf shelf(file.open());
  const auto link = file.folder() / "link.db";
  std::filesystem::create_symlink(file.path(), link);
  const Shelf other(*SqliteStore::open({link.string()}));
  CHECK_FALSE(std::filesystem::exists(link.string() + ".lock"));
  const DeliveryId id = shelf.put(lane("a"));
  CHECK(other.has(id));
}
