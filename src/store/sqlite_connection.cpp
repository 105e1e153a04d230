#include "store/sqlite_connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <system_error>
#include <utility>

namespace hookline::detail {

// --- Rows ----------------------------------------------------------------------------------------

SqliteRows::~SqliteRows() {
  if (statement_ != nullptr) sqlite3_reset(statement_);
}

bool SqliteRows::next() {
  if (statement_ == nullptr || db_.failed()) return false;
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) db_.check(code);
  return false;
}

std::int64_t SqliteRows::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::optional<std::int64_t> SqliteRows::maybe_integer(int column) const {
  if (is_null(column)) return std::nullopt;
  return integer(column);
}

std::string SqliteRows::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return {};
  const int size = sqlite3_column_bytes(statement_, column);
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

bool SqliteRows::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

// --- The connection ------------------------------------------------------------------------------

Result<std::unique_ptr<SqliteConnection>> SqliteConnection::open(const std::string& path,
                                                                 const Options& options) {
  // Reading takes the right to write too: every reader of a WAL writes into the shared index.
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection());
  const int code = sqlite3_open_v2(path.c_str(), &connection->db_, flags, nullptr);
  if (connection->db_ == nullptr) {
    return tl::unexpected(sqlite_error(path, {SQLITE_NOMEM, "out of memory"}));
  }
  connection->check(code);
  connection->configure(options);
  if (connection->failed()) return tl::unexpected(sqlite_error(path, connection->failure()));
  return connection;
}

/// Sets the connection up. Nothing here writes into the file, but for turning a new one to WAL.
void SqliteConnection::configure(const Options& options) {
  if (failed()) return;
  sqlite3_busy_timeout(db_, static_cast<int>(options.busy_timeout.count()));
  // The last one to close must not checkpoint either: it would do so without the lock.
  sqlite3_db_config(db_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(db_, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  execute("PRAGMA wal_autocheckpoint=0");
  execute("PRAGMA trusted_schema=OFF");
  execute("PRAGMA temp_store=MEMORY");
  execute("PRAGMA mmap_size=0");
  execute("PRAGMA secure_delete=ON");
  if (!options.of_host) execute("PRAGMA journal_size_limit=67108864");
  execute(fmt::format("PRAGMA cache_size=-{}", options.cache_kib).c_str());
  if (options.reads_only) {
    execute("PRAGMA query_only=ON");
    return;
  }
  if (options.of_host) return;
  check(add_feed_table(db_, &feed_));
  use_log();
  sqlite3_wal_hook(
      db_,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<SqliteConnection*>(self)->log_pages_ = pages;
        return SQLITE_OK;
      },
      this);
}

/// Turns to WAL. A file system without shared memory says no in its answer only.
void SqliteConnection::use_log() {
  SqliteRows rows = query("PRAGMA journal_mode=WAL");
  if (rows.next() && rows.text(0) != "wal" && !failed()) {
    failure_ = SqliteFailure{SQLITE_CANTOPEN, "its file system does not support a WAL"};
  }
}

SqliteConnection::~SqliteConnection() {
  if (db_ == nullptr) return;
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close_v2(db_);
}

void SqliteConnection::abandon() { db_ = nullptr; }

void SqliteConnection::execute(const char* sql) {
  if (failed()) return;
  check(sqlite3_exec(db_, sql, nullptr, nullptr, nullptr));
}

sqlite3_stmt* SqliteConnection::prepared(const char* sql) {
  if (failed()) return nullptr;
  sqlite3_stmt*& statement = statements_[sql];
  if (statement == nullptr) {
    check(sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
  }
  return statement;
}

void SqliteConnection::check(int code) {
  if (code == SQLITE_OK || failed()) return;
  std::string text = sqlite3_errmsg(db_);
  const int reason = sqlite3_system_errno(db_);
  const int primary = code & 0xff;
  if (reason != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)) {
    text += ": " + std::generic_category().message(reason);
  }
  failure_ = SqliteFailure{code, std::move(text)};
}

void SqliteConnection::fail_as_corrupt(std::string_view what) {
  if (!failed()) failure_ = SqliteFailure{SQLITE_CORRUPT, std::string(what)};
}

void SqliteConnection::fail_as_foreign(std::string_view what) {
  if (!failed()) failure_ = SqliteFailure{SQLITE_ERROR, std::string(what)};
}

unsigned SqliteConnection::data_version() {
  unsigned version = 0;
  check(sqlite3_file_control(db_, "main", SQLITE_FCNTL_DATA_VERSION, &version));
  return version;
}

std::int64_t SqliteConnection::total_changes() const { return sqlite3_total_changes64(db_); }

void SqliteConnection::bind(sqlite3_stmt* statement, int index, const SqliteValue& value) {
  if (failed()) return;
  const std::size_t size = value.bytes.size();
  switch (value.kind) {
    case SqliteValue::Kind::null:
      return check(sqlite3_bind_null(statement, index));
    case SqliteValue::Kind::integer:
      return check(sqlite3_bind_int64(statement, index, value.integer));
    case SqliteValue::Kind::text:
      return check(
          sqlite3_bind_text64(statement, index, value.data(), size, SQLITE_STATIC, SQLITE_UTF8));
    case SqliteValue::Kind::blob:
      return check(sqlite3_bind_blob64(statement, index, value.data(), size, SQLITE_STATIC));
  }
}

void SqliteConnection::run_for(SqliteFeed& feed, const char* sql) {
  if (feed.size() == 0) return;
  {
    SqliteRows rows = query_for(feed, sql);
    while (rows.next()) {
    }
  }
  feed.clear();
}

}  // namespace hookline::detail
