#pragma once

#include <sqlite3.h>

#include <string>

namespace hookline::fakes {

/// What SQLite itself says of a database: "ok", or its first fault.
inline std::string integrity_of(const std::string& path) {
  sqlite3* db = nullptr;
  sqlite3_stmt* check = nullptr;
  std::string answer;
  if (sqlite3_open(path.c_str(), &db) == SQLITE_OK &&
      sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &check, nullptr) == SQLITE_OK &&
      sqlite3_step(check) == SQLITE_ROW) {
    answer = reinterpret_cast<const char*>(sqlite3_column_text(check, 0));
  } else {
    answer = sqlite3_errmsg(db);
  }
  sqlite3_finalize(check);
  sqlite3_close(db);
  return answer;
}

}  // namespace hookline::fakes
