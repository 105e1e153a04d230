#include "harness/database.hpp"

#include <sqlite3.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <stdexcept>

namespace hookline::bench {
namespace {

void check(int code, sqlite3* db) {
  if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) return;
  throw std::runtime_error(std::string("SQLite: ") + sqlite3_errmsg(db));
}

}  // namespace

TemporaryFile::TemporaryFile(const std::string& folder) {
  static std::atomic<int> last{0};
  path_ = folder + "/file-" + std::to_string(::getpid()) + "-" + std::to_string(++last);
}

TemporaryFile::~TemporaryFile() {
  for (const char* end : {"", "-wal", "-shm", ".lock"}) std::remove((path_ + end).c_str());
}

Database::Database(const std::string& path) { check(sqlite3_open(path.c_str(), &db_), db_); }

Database::~Database() { sqlite3_close_v2(db_); }

void Database::run(const char* sql) {
  check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr), db_);
}

std::int64_t Database::value(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  check(sqlite3_prepare_v2(db_, sql, -1, &statement, nullptr), db_);
  check(sqlite3_step(statement), db_);
  const std::int64_t value = sqlite3_column_int64(statement, 0);
  sqlite3_finalize(statement);
  return value;
}

Statement::Statement(Database& db, const char* sql) {
  check(sqlite3_prepare_v2(db.handle(), sql, -1, &statement_, nullptr), db.handle());
}

Statement::~Statement() { sqlite3_finalize(statement_); }

void Statement::bind(int index, std::int64_t value) {
  check(sqlite3_bind_int64(statement_, index, value), sqlite3_db_handle(statement_));
}

void Statement::bind(int index, std::string_view text) {
  check(sqlite3_bind_text(statement_, index, text.data(), static_cast<int>(text.size()),
                          SQLITE_STATIC),
        sqlite3_db_handle(statement_));
}

void Statement::step() {
  check(sqlite3_step(statement_), sqlite3_db_handle(statement_));
  check(sqlite3_reset(statement_), sqlite3_db_handle(statement_));
}

}  // namespace hookline::bench
