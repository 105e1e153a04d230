#pragma once

#include "store/sqlite_connection.hpp"

namespace hookline::detail {

/// Which tables the file has; it stands in `PRAGMA user_version` and in the row of `store`.
constexpr int kSqliteSchema = 1;

/// Brings a file to this version's tables, in a transaction; an empty file gets them all. The
/// caller holds the right to write. `store_failed` for a file of a newer version or of another
/// program.
[[nodiscard]] Result<void> migrate(SqliteConnection& db, const std::string& path);

}  // namespace hookline::detail
