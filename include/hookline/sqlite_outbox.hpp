#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "hookline/dispatcher.hpp"
#include "hookline/export.hpp"
#include "hookline/import.hpp"
#include "hookline/result.hpp"

namespace hookline {

struct SqliteOutboxOptions {
  std::string path;                       ///< the host's own database
  std::string table = "hookline_outbox";  ///< in it; made with `SqliteOutbox::create_sql`
  /// How long to wait for the host's own writers at a time; then it tries again later.
  std::chrono::milliseconds busy_timeout{1'000};
};

/// Events that are born in the host's own transaction. Where an import is finished in a SQLite
/// database of the host, its end and its event are to be there together or not at all:
///
///   sqlite3_exec(db, SqliteOutbox::create_sql().value().c_str(), …);      // once
///
///   BEGIN;
///   UPDATE imports SET status='SUCCESSFUL' WHERE id=…;
///   <SqliteOutbox::insert_sql(import)>;                        // SQL text, through any driver
///   COMMIT;                                                    // or ROLLBACK: nothing is left
///
/// An open `SqliteOutbox` moves the rows to a dispatcher, in their order, and deletes them. A crash
/// in between repeats a dispatch under the same idempotency key, so that it changes nothing.
///
/// A row that can never be dispatched (see `Dispatcher::dispatch`) stays, with the reason in its
/// column `error`; whoever has mended the cause sets that to NULL or deletes the row.
///
/// The moving connection deletes rows and never checkpoints. SQLite before 3.51.3 can damage a
/// database in WAL mode when one connection writes while another resets the log: with an older one
/// leave automatic checkpoints on in one connection of the host only, and let no other process
/// write.
///
/// Threads: every function may be called from any thread. Refers to the dispatcher, which must
/// outlive it. The destructor waits for the rows that are being moved.
class HOOKLINE_API SqliteOutbox {
 public:
  /// `invalid_options` if the name is not a letter or `_` and then up to 62 letters, digits and
  /// `_`.
  [[nodiscard]] static Result<std::string> create_sql(std::string_view table = "hookline_outbox");

  /// One INSERT, complete: nothing in it comes from the import but hexadecimal digits.
  /// `invalid_import` and `no_event_for_state` as for `EventMatcher::match`, `invalid_options`.
  [[nodiscard]] static Result<std::string> insert_sql(const Import& import,
                                                      std::string_view table = "hookline_outbox");

  /// Begins to move what is there and what comes. `store_failed` if the database or the table
  /// cannot be used, `invalid_options`, `system_failed`.
  [[nodiscard]] static Result<std::unique_ptr<SqliteOutbox>> open(
      const SqliteOutboxOptions& options, Dispatcher& dispatcher);
  SqliteOutbox(const SqliteOutbox&) = delete;
  SqliteOutbox& operator=(const SqliteOutbox&) = delete;
  ~SqliteOutbox();

  /// The host has committed rows: look now. They are found without this, a little later.
  void poke();

 private:
  class Mover;
  explicit SqliteOutbox(std::unique_ptr<Mover> mover);
  std::unique_ptr<Mover> mover_;
};

}  // namespace hookline
