#include "store/sqlite_error.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <string_view>

namespace hookline::detail {
namespace {

std::string_view way_out(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return "another process holds it; try again, and let nothing else write into the file";
    case SQLITE_FULL:
      return "the disk or a quota is full; make room, and it goes on by itself";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return "it cannot be written; give this user the right to write the file and its folder";
    case SQLITE_CANTOPEN:
      return "it cannot be opened; check that its folder exists and this user may use it";
    case SQLITE_CORRUPT:
      return "the file is damaged; restore it from a backup, or move it away with its -wal and "
             "-shm to start with an empty one";
    case SQLITE_NOTADB:
      return "the file is not an SQLite database; name another path";
    case SQLITE_IOERR:
      return "the disk failed; the file is opened anew at the next call";
    case SQLITE_NOMEM:
      return "memory ran out";
    case SQLITE_TOOBIG:
      return "a text or body is larger than SQLite takes";
    default:
      return "";
  }
}

}  // namespace

bool SqliteFailure::is_of_file() const {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_CANTOPEN:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
    case SQLITE_PROTOCOL:
      return true;
    default:
      return false;
  }
}

bool SqliteFailure::needs_reopening() const {
  const int primary = code & 0xff;
  return is_of_file() && primary != SQLITE_BUSY && primary != SQLITE_LOCKED &&
         primary != SQLITE_FULL;
}

Error sqlite_error(const std::string& path, const SqliteFailure& failure) {
  const std::string_view out = way_out(failure.code);
  return {ErrorCode::store_failed, fmt::format("store {}: {} (SQLite {}){}{}", path, failure.text,
                                               failure.code, out.empty() ? "" : ": ", out)};
}

Error unknown_commit(const std::string& path, const SqliteFailure& failure) {
  return {ErrorCode::commit_unknown,
          fmt::format("store {}: the disk failed under the commit, which may have taken place or "
                      "not: {} (SQLite {}); do it again under the same idempotency key, or look "
                      "whether it did when the store works again",
                      path, failure.text, failure.code)};
}

}  // namespace hookline::detail
