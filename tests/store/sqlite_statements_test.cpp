#include <sqlite3.h>

#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "catch.hpp"
#include "store/delivery_store_contract.hpp"
#include "store/shelf.hpp"
#include "store/sqlite_feed.hpp"
#include "store/sqlite_file.hpp"

using namespace hookline;
using namespace hookline::fakes;

namespace {

/// Every statement that any connection of this process has run.
class StatementLog {
 public:
  StatementLog() { sqlite3_auto_extension(reinterpret_cast<void (*)()>(&begin)); }
  ~StatementLog() { sqlite3_reset_auto_extension(); }

  static std::set<std::string>& statements() {
    static std::set<std::string> all;
    return all;
  }

 private:
  static int begin(sqlite3* db, const char**, const void*) {
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, &note, nullptr);
  }
  static int note(unsigned, void*, void* statement, void*) {
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    if (const char* sql = sqlite3_sql(static_cast<sqlite3_stmt*>(statement))) {
      statements().insert(sql);
    }
    return 0;
  }
};

std::vector<std::string> plan_of(sqlite3* db, const std::string& sql) {
  std::vector<std::string> plan;
  sqlite3_stmt* explain = nullptr;
  REQUIRE(sqlite3_prepare_v2(db, ("EXPLAIN QUERY PLAN " + sql).c_str(), -1, &explain, nullptr) ==
          SQLITE_OK);
  while (sqlite3_step(explain) == SQLITE_ROW) {
    plan.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(explain, 3)));
  }
  sqlite3_finalize(explain);
  return plan;
}

bool is_about_rows(const std::string& sql) {
  for (const char* start : {"SELECT", "UPDATE", "DELETE", "INSERT"}) {
    if (sql.rfind(start, 0) == 0) return sql.find("sqlite_schema") == std::string::npos;
  }
  return false;
}

/// A walk over a whole table, or over an index of everything; one in the order of an index that
/// ends at its first row is none.
bool walks(const std::string& step, const std::string& sql) {
  if (step.find("PRIMARY KEY (rowid>?)") != std::string::npos) return true;
  if (step.rfind("SCAN", 0) != 0 || step.find("CONSTANT ROW") != std::string::npos) return false;
  if (step.find("SCAN feed") != std::string::npos) return false;       // rows in memory
  if (step.find("instance") != std::string::npos) return false;        // one row for each process
  if (step.find("delivery_lease") != std::string::npos) return false;  // what is in flight
  return !(step.find("USING") != std::string::npos && sql.find("LIMIT 1") != std::string::npos);
}

}  // namespace

TEST_CASE("No statement walks a table that can grow") {
  SqliteFile file;
  const StatementLog log;
  check_delivery_store_contract([&] { return file.open_new(); });
  const Shelf shelf(file.open());
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.path().c_str(), &db) == SQLITE_OK);
  const detail::SqliteFeed* feed = nullptr;
  REQUIRE(detail::add_feed_table(db, &feed) == SQLITE_OK);
  for (const std::string& sql : StatementLog::statements()) {
    if (!is_about_rows(sql)) continue;
    for (const std::string& step : plan_of(db, sql)) {
      INFO(sql);
      INFO(step);
      CHECK_FALSE(walks(step, sql));
      const bool sorts = step.find("TEMP B-TREE") != std::string::npos;
      const bool few = sql.find("idempotency_import") != std::string::npos ||  // of an import
                       sql.find("event e") != std::string::npos ||  // of an event, or an import
                       sql.find("delivery_lease") != std::string::npos;  // in flight
      CHECK_FALSE((sorts && !few));
    }
  }
  sqlite3_close(db);
}
