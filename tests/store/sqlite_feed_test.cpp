#include "store/sqlite_feed.hpp"

#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "catch.hpp"
#include "store/sqlite_connection.hpp"
#include "store/sqlite_file.hpp"

using namespace hookline;
using namespace hookline::detail;

namespace {

std::unique_ptr<SqliteConnection> open(const fakes::SqliteFile& file) {
  std::ofstream(file.path()).close();
  auto db = SqliteConnection::open(file.path(), {}).value();
  db->execute("CREATE TABLE t(a INTEGER NOT NULL, b, c)");
  return db;
}

}  // namespace

TEST_CASE("A feed brings every kind of value to a table, and is empty then") {
  const fakes::SqliteFile file;
  const auto db = open(file);
  SqliteFeed feed;
  const std::string with_nul("x\0y", 3);
  feed.add(1, with_nul, Blob{with_nul});
  feed.add(std::int64_t{-9'000'000'000'000'000'000}, "", Blob{""});
  feed.add(3, std::optional<std::string_view>(), Blob{});
  CHECK(feed.size() == 3);
  db->run_for(feed, "INSERT INTO t SELECT c1,c2,c3 FROM feed");
  REQUIRE_FALSE(db->failed());
  CHECK(feed.size() == 0);

  SqliteRows rows = db->query("SELECT a,b,c,typeof(b),typeof(c) FROM t ORDER BY rowid");
  REQUIRE(rows.next());
  CHECK(rows.text(1) == with_nul);
  CHECK(rows.text(2) == with_nul);
  CHECK(rows.text(3) + rows.text(4) == "textblob");
  REQUIRE(rows.next());
  CHECK(rows.integer(0) == -9'000'000'000'000'000'000);
  CHECK(rows.text(3) + rows.text(4) == "textblob");
  REQUIRE(rows.next());
  CHECK(rows.text(3) + rows.text(4) == "nullnull");
  CHECK_FALSE(rows.next());
}

TEST_CASE("The same statement reads another feed, and one feed is read again") {
  const fakes::SqliteFile file;
  const auto db = open(file);
  SqliteFeed feed;
  for (const int value : {1, 2}) {
    feed.add(value, value, value);
    db->run_for(feed, "INSERT INTO t SELECT c1,c2,c3 FROM feed");
  }
  feed.add(2);
  feed.add(7);
  for (int i = 0; i < 2; ++i) {
    SqliteRows rows = db->query_for(feed, "SELECT a FROM feed CROSS JOIN t ON a=c1");
    REQUIRE(rows.next());
    CHECK(rows.integer(0) == 2);
    CHECK_FALSE(rows.next());
  }
}

TEST_CASE("A row that cannot be written fails the connection, and the transaction takes all back") {
  const fakes::SqliteFile file;
  const auto db = open(file);
  db->execute("BEGIN");
  SqliteFeed feed;
  feed.add(1, 0, 0);
  feed.add(std::optional<int>(), 0, 0);
  db->run_for(feed, "INSERT OR FAIL INTO t SELECT c1,c2,c3 FROM feed");
  CHECK(db->failed());
  db->clear_failure();
  db->execute("ROLLBACK");
  CHECK(db->value("SELECT count(*) FROM t") == 0);
}
