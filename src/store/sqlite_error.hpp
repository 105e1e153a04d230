#pragma once

#include <string>

#include "hookline/error.hpp"

namespace hookline::detail {

/// What SQLite answered: an extended result code and its words.
struct SqliteFailure {
  int code = 0;
  std::string text;

  /// The disk or the file failed, not what was asked of it: every other call would fail too.
  [[nodiscard]] bool is_of_file() const;
  /// The connection's view of the file cannot be trusted any more.
  [[nodiscard]] bool needs_reopening() const;
};

/// `store_failed` in words for people: the file, what happened, and the way out.
[[nodiscard]] Error sqlite_error(const std::string& path, const SqliteFailure& failure);

/// `commit_unknown`, likewise.
[[nodiscard]] Error unknown_commit(const std::string& path, const SqliteFailure& failure);

}  // namespace hookline::detail
