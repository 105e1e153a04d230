#pragma once

#include <cstddef>
#include <vector>

#include "store/sqlite_connection.hpp"

namespace hookline::detail {

/// COMMIT. SQLite writes each page to its log in two calls of the system; here what a commit writes
/// is gathered and goes there in one, as long as it is not larger than `room`. What is on the disk,
/// in which order, and what SQLite is told of errors stay the same.
///
/// REQUIRES: a log (WAL).
void commit_in_one_write(SqliteConnection& db, std::vector<char>& room);

/// As much as SQLite can write in one go.
constexpr std::size_t kLogRoom = 128 * 1024 - 1;

}  // namespace hookline::detail
