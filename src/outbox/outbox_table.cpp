#include "outbox/outbox_table.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/import_codec.hpp"

namespace hookline::detail {

OutboxTable::OutboxTable(std::string path, const std::string& table,
                         std::unique_ptr<SqliteConnection> db)
    : path_(std::move(path)),
      select_(fmt::format("SELECT id,key,import FROM {} WHERE error IS NULL ORDER BY id LIMIT ?1",
                          table)),
      delete_(fmt::format("DELETE FROM {} WHERE id=?1", table)),
      keep_(fmt::format("UPDATE {} SET error=?2 WHERE id=?1", table)),
      db_(std::move(db)) {}

Result<std::unique_ptr<OutboxTable>> OutboxTable::open(const SqliteOutboxOptions& options) {
  SqliteConnection::Options settings;
  settings.busy_timeout = options.busy_timeout;
  settings.cache_kib = 512;
  settings.of_host = true;
  auto db = SqliteConnection::open(options.path, settings);
  if (!db) return tl::unexpected(std::move(db.error()));
  std::unique_ptr<OutboxTable> table(new OutboxTable(options.path, options.table, *std::move(db)));
  if (auto rows = table->read(1); !rows) return tl::unexpected(std::move(rows.error()));
  return table;
}

Result<std::vector<OutboxRow>> OutboxTable::read(std::size_t limit) {
  std::vector<OutboxRow> moved;
  std::vector<OutboxResult> unreadable;
  {
    SqliteRows rows = db_->query(select_.c_str(), limit);
    while (rows.next()) {
      auto import = decode_import(rows.text(2));
      if (!import) {
        unreadable.push_back({rows.integer(0), "import: it was not written by insert_sql"});
        continue;
      }
      OutboxRow row{rows.integer(0), *std::move(import), {}};
      row.options.idempotency_key = rows.text(1);
      moved.push_back(std::move(row));
    }
  }
  if (db_->failed()) return tl::unexpected(take_failure());
  if (unreadable.empty()) return moved;
  if (auto kept = finish(unreadable); !kept) return tl::unexpected(std::move(kept.error()));
  return moved.empty() ? read(limit) : moved;
}

Result<void> OutboxTable::finish(const std::vector<OutboxResult>& results) {
  db_->run("BEGIN IMMEDIATE");
  for (const OutboxResult& result : results) {
    if (result.error.empty()) {
      db_->run(delete_.c_str(), result.id);
    } else {
      db_->run(keep_.c_str(), result.id, result.error);
    }
  }
  db_->run("COMMIT");
  if (!db_->failed()) return {};
  Error error = take_failure();
  db_->execute("ROLLBACK");
  db_->clear_failure();
  return tl::unexpected(std::move(error));
}

std::optional<std::int64_t> OutboxTable::version() {
  const auto version = db_->value("PRAGMA data_version");
  db_->clear_failure();
  return version;
}

std::string OutboxTable::watched_file() {
  SqliteRows mode = db_->query("PRAGMA journal_mode");
  const bool log = mode.next() && mode.text(0) == "wal";
  return log ? path_ + "-wal" : path_;
}

Error OutboxTable::take_failure() {
  Error error = sqlite_error(path_, db_->failure());
  db_->clear_failure();
  return error;
}

}  // namespace hookline::detail
