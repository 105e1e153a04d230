#pragma once

#include "store/sqlite_connection.hpp"

namespace hookline::detail {

/// Zeroes what no row of the database is in. `secure_delete` overwrites rows that are deleted, but
/// not the copies that SQLite leaves in the free middle of a page when it moves rows to another
/// (sqlite.org/fileformat2.html#b_tree_pages says what is where). Those bytes mean nothing to
/// SQLite: to change them in the file needs no transaction and disturbs no reader.
///
/// REQUIRES: the right to write, an empty log, and no transaction. A failure sticks to the
/// connection.
void scrub(SqliteConnection& db);

}  // namespace hookline::detail
