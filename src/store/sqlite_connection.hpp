#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "hookline/result.hpp"
#include "store/sqlite_error.hpp"
#include "store/sqlite_feed.hpp"
#include "store/sqlite_value.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace hookline::detail {

class SqliteConnection;

/// The rows of a running statement. It is done with when this goes; until then the texts that were
/// bound must live, and the same statement must not run again.
class SqliteRows {
 public:
  SqliteRows(SqliteConnection& db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  SqliteRows(const SqliteRows&) = delete;
  SqliteRows& operator=(const SqliteRows&) = delete;
  ~SqliteRows();

  /// Goes to the next row; false after the last one, and after a failure.
  bool next();

  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::optional<std::int64_t> maybe_integer(int column) const;
  [[nodiscard]] std::string text(int column) const;  ///< empty if NULL
  [[nodiscard]] bool is_null(int column) const;

 private:
  SqliteConnection& db_;
  sqlite3_stmt* statement_;  ///< null after a failure to prepare or bind it
};

/// One connection to a database file, with its prepared statements.
///
/// A failure sticks: whatever runs after it does nothing, so that a transaction need only ask once,
/// before it commits. Rows read after a failure are none.
///
/// Threads: one at a time.
class SqliteConnection {
 public:
  struct Options {
    std::chrono::milliseconds busy_timeout{5'000};
    int cache_kib = 4096;
    bool reads_only = false;
    bool of_host = false;  ///< the host's own database: its journal is left as it is
  };

  /// The file must be there. `store_failed`.
  static Result<std::unique_ptr<SqliteConnection>> open(const std::string& path,
                                                        const Options& options);
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;
  ~SqliteConnection();

  /// Runs a statement for its rows. `sql` is a literal: its address names the prepared statement.
  template <class... Args>
  [[nodiscard]] SqliteRows query(const char* sql, const Args&... args) {
    sqlite3_stmt* statement = prepared(sql);
    int index = 0;
    (bind(statement, ++index, value_of(args)), ...);
    return SqliteRows(*this, failed() ? nullptr : statement);
  }

  /// Runs a statement that is not asked for rows.
  template <class... Args>
  void run(const char* sql, const Args&... args) {
    SqliteRows rows = query(sql, args...);
    while (rows.next()) {
    }
  }

  /// Runs a statement that reads these rows as the table `feed`. They must live as long as the
  /// answer.
  [[nodiscard]] SqliteRows query_for(const SqliteFeed& feed, const char* sql) {
    feed_ = &feed;
    return query(sql);
  }

  /// Likewise, and clears them; does nothing if there are none.
  void run_for(SqliteFeed& feed, const char* sql);

  /// The first column of the first row.
  template <class... Args>
  [[nodiscard]] std::optional<std::int64_t> value(const char* sql, const Args&... args) {
    SqliteRows rows = query(sql, args...);
    if (!rows.next()) return std::nullopt;
    return rows.maybe_integer(0);
  }

  /// Runs texts that are not kept prepared: settings, schemas.
  void execute(const char* sql);

  [[nodiscard]] bool failed() const { return failure_.has_value(); }
  [[nodiscard]] const SqliteFailure& failure() const { return *failure_; }
  void clear_failure() { failure_.reset(); }
  /// What a function of SQLite has answered: anything but SQLITE_OK is a failure.
  void check(int code);
  /// What a row says cannot be: the file is damaged.
  void fail_as_corrupt(std::string_view what);
  /// The file is not one that this version can work on.
  void fail_as_foreign(std::string_view what);

  [[nodiscard]] std::int64_t total_changes() const;
  /// Changes with every commit; with that of another connection when this one begins to read.
  [[nodiscard]] unsigned data_version();
  /// Pages in the log as of the last commit of this connection.
  [[nodiscard]] int log_pages() const { return log_pages_; }
  [[nodiscard]] sqlite3* handle() const { return db_; }

  /// Forgets the handle without closing it, in a process that was forked.
  void abandon();

 private:
  friend class SqliteRows;

  SqliteConnection() = default;
  void configure(const Options& options);
  void use_log();
  [[nodiscard]] sqlite3_stmt* prepared(const char* sql);
  void bind(sqlite3_stmt* statement, int index, const SqliteValue& value);

  sqlite3* db_ = nullptr;
  std::optional<SqliteFailure> failure_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
  const SqliteFeed* feed_ = nullptr;  ///< of the statement that was begun last
  int log_pages_ = 0;
};

}  // namespace hookline::detail
