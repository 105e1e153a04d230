#pragma once

#include <cstddef>
#include <vector>

#include "store/sqlite_value.hpp"

struct sqlite3;

namespace hookline::detail {

/// Rows in memory that a statement reads as the table `feed`, whose columns are `c1`, `c2` and so
/// on:
///
///   INSERT INTO body SELECT c1,c2 FROM feed
///
/// So one statement writes many rows. It costs half of one statement for each row, since SQLite
/// opens the table and all its indexes once. `OR FAIL` in it tells SQLite that it need not be able
/// to take back the statement alone: here a failure always takes back the transaction.
///
/// Texts and blobs must live until the statement has run: see `SqliteConnection::run_for`.
class SqliteFeed {
 public:
  static constexpr std::size_t kColumns = 19;

  template <class... Args>
  void add(const Args&... args) {
    static_assert(sizeof...(Args) <= kColumns);
    columns_ = sizeof...(Args);
    values_.insert(values_.end(), {value_of(args)...});
  }

  [[nodiscard]] std::size_t size() const { return columns_ == 0 ? 0 : values_.size() / columns_; }
  /// NULL behind the last column that was given.
  [[nodiscard]] SqliteValue value(std::size_t row, std::size_t column) const {
    return column < columns_ ? values_[row * columns_ + column] : SqliteValue();
  }
  void set(std::size_t row, std::size_t column, const SqliteValue& value) {
    values_[row * columns_ + column] = value;
  }
  void clear() { values_.clear(); }

 private:
  std::vector<SqliteValue> values_;
  std::size_t columns_ = 0;
};

/// Adds the table `feed` to a connection. It shows the rows of `*current` at the time of each
/// statement, none if that is null. Returns what SQLite has answered.
int add_feed_table(sqlite3* db, const SqliteFeed** current);

}  // namespace hookline::detail
