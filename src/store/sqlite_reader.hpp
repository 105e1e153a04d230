#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "store/sqlite_connection.hpp"

namespace hookline::detail {

/// A connection that only reads, so that questions do not wait for the disk. It is opened when it
/// is first needed, and anew after a failure.
///
/// Threads: any.
class SqliteReader {
 public:
  SqliteReader(std::string path, std::chrono::milliseconds busy_timeout)
      : path_(std::move(path)), busy_timeout_(busy_timeout) {}

  /// What `ask(SqliteConnection&)`, which gives a `Result`, finds in one state of the file.
  /// `store_failed`.
  template <class Ask>
  auto read(Ask ask) -> decltype(ask(std::declval<SqliteConnection&>())) {
    const std::lock_guard lock(mutex_);
    if (auto opened = open(); !opened) return tl::unexpected(std::move(opened.error()));
    db_->run("BEGIN");
    auto answer = ask(*db_);
    db_->run("COMMIT");
    if (!db_->failed()) return answer;
    Error error = sqlite_error(path_, db_->failure());
    db_.reset();
    return tl::unexpected(std::move(error));
  }

  /// Forgets the connection without touching the file, in a process that was forked.
  void abandon() {
    if (db_) db_->abandon();
    db_.reset();
  }

 private:
  Result<void> open() {
    if (db_) return {};
    SqliteConnection::Options options;
    options.busy_timeout = busy_timeout_;
    options.cache_kib = 1024;
    options.reads_only = true;
    auto db = SqliteConnection::open(path_, options);
    if (!db) return tl::unexpected(std::move(db.error()));
    db_ = *std::move(db);
    return {};
  }

  const std::string path_;
  const std::chrono::milliseconds busy_timeout_;
  std::mutex mutex_;
  std::unique_ptr<SqliteConnection> db_;
};

}  // namespace hookline::detail
