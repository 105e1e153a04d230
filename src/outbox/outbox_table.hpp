#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hookline/sqlite_outbox.hpp"
#include "store/sqlite_connection.hpp"

namespace hookline::detail {

/// A row of the outbox, read.
struct OutboxRow {
  std::int64_t id = 0;
  Import import;
  DispatchOptions options;
};

/// What became of one: it is deleted, or kept with the reason.
struct OutboxResult {
  std::int64_t id = 0;
  std::string error;  ///< empty: it was dispatched
};

/// The outbox's table in the host's database, as the mover sees it. Not for two threads at once.
class OutboxTable {
 public:
  /// `store_failed`.
  static Result<std::unique_ptr<OutboxTable>> open(const SqliteOutboxOptions& options);

  /// The oldest rows that can be moved. `store_failed`.
  [[nodiscard]] Result<std::vector<OutboxRow>> read(std::size_t limit);
  /// In one transaction. `store_failed`.
  [[nodiscard]] Result<void> finish(const std::vector<OutboxResult>& results);

  /// Changes with every commit of another connection.
  [[nodiscard]] std::optional<std::int64_t> version();
  /// What is written to when the host commits.
  [[nodiscard]] std::string watched_file();

 private:
  OutboxTable(std::string path, const std::string& table, std::unique_ptr<SqliteConnection> db);
  [[nodiscard]] Error take_failure();

  const std::string path_;
  // Prepared statements are known by the address of their text.
  const std::string select_;
  const std::string delete_;
  const std::string keep_;
  std::unique_ptr<SqliteConnection> db_;
};

}  // namespace hookline::detail
