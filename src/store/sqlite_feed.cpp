#include "store/sqlite_feed.hpp"

#include <sqlite3.h>

#include <new>

namespace hookline::detail {
namespace {

// A virtual table: https://www.sqlite.org/vtab.html. SQLite frees what it has allocated for the
// base structures with these functions only, so that plain `new` and `delete` will do.

static_assert(SqliteFeed::kColumns == 19);
constexpr const char* kSchema =
    "CREATE TABLE feed(c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,c11,c12,c13,c14,c15,c16,c17,c18,c19)";

struct FeedTable : sqlite3_vtab {
  const SqliteFeed** current = nullptr;
};

struct FeedCursor : sqlite3_vtab_cursor {
  const SqliteFeed* feed = nullptr;
  std::size_t row = 0;
};

FeedCursor& at(sqlite3_vtab_cursor* cursor) { return *static_cast<FeedCursor*>(cursor); }

int connect(sqlite3* db, void* current, int, const char* const*, sqlite3_vtab** table, char**) {
  const int code = sqlite3_declare_vtab(db, kSchema);
  if (code != SQLITE_OK) return code;
  auto* made = new (std::nothrow) FeedTable();
  if (made == nullptr) return SQLITE_NOMEM;
  made->current = static_cast<const SqliteFeed**>(current);
  *table = made;
  return SQLITE_OK;
}

int disconnect(sqlite3_vtab* table) {
  delete static_cast<FeedTable*>(table);
  return SQLITE_OK;
}

/// Few rows, and no way but to read all of them: the other table of a join is looked up by them.
int choose_plan(sqlite3_vtab*, sqlite3_index_info* plan) {
  plan->estimatedCost = 1;
  plan->estimatedRows = 1;
  return SQLITE_OK;
}

int open(sqlite3_vtab*, sqlite3_vtab_cursor** cursor) {
  *cursor = new (std::nothrow) FeedCursor();
  return *cursor == nullptr ? SQLITE_NOMEM : SQLITE_OK;
}

int close(sqlite3_vtab_cursor* cursor) {
  delete &at(cursor);
  return SQLITE_OK;
}

int begin(sqlite3_vtab_cursor* cursor, int, const char*, int, sqlite3_value**) {
  at(cursor).feed = *static_cast<FeedTable*>(cursor->pVtab)->current;
  at(cursor).row = 0;
  return SQLITE_OK;
}

int next(sqlite3_vtab_cursor* cursor) {
  ++at(cursor).row;
  return SQLITE_OK;
}

int is_over(sqlite3_vtab_cursor* cursor) {
  const FeedCursor& place = at(cursor);
  return place.feed == nullptr || place.row >= place.feed->size() ? 1 : 0;
}

int column(sqlite3_vtab_cursor* cursor, sqlite3_context* result, int number) {
  const FeedCursor& place = at(cursor);
  const SqliteValue value = place.feed->value(place.row, static_cast<std::size_t>(number));
  switch (value.kind) {
    case SqliteValue::Kind::null:
      break;
    case SqliteValue::Kind::integer:
      sqlite3_result_int64(result, value.integer);
      break;
    case SqliteValue::Kind::text:
      sqlite3_result_text64(result, value.data(), value.bytes.size(), SQLITE_STATIC, SQLITE_UTF8);
      break;
    case SqliteValue::Kind::blob:
      sqlite3_result_blob64(result, value.data(), value.bytes.size(), SQLITE_STATIC);
      break;
  }
  return SQLITE_OK;
}

int row_number(sqlite3_vtab_cursor* cursor, sqlite3_int64* number) {
  *number = static_cast<sqlite3_int64>(at(cursor).row);
  return SQLITE_OK;
}

/// Without a function to create one it stands there by itself, and only there.
sqlite3_module make_module() {
  sqlite3_module module{};
  module.xConnect = &connect;
  module.xDisconnect = &disconnect;
  module.xBestIndex = &choose_plan;
  module.xOpen = &open;
  module.xClose = &close;
  module.xFilter = &begin;
  module.xNext = &next;
  module.xEof = &is_over;
  module.xColumn = &column;
  module.xRowid = &row_number;
  return module;
}

}  // namespace

int add_feed_table(sqlite3* db, const SqliteFeed** current) {
  static const sqlite3_module module = make_module();
  return sqlite3_create_module(db, "feed", &module, static_cast<void*>(current));
}

}  // namespace hookline::detail
