#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/group_commit.hpp"
#include "store/sqlite_connection.hpp"
#include "store/sqlite_lock_file.hpp"
#include "store/sqlite_log_commit.hpp"
#include "store/sqlite_log_sync.hpp"
#include "store/sqlite_tables.hpp"
#include "store/sqlite_watch.hpp"

namespace hookline::detail {

/// The connection that writes, and checkpoints, both only under the lock. After the disk has failed
/// under it, or memory ran out, it is opened anew at the next use.
///
/// Threads: one at a time, which `GroupCommit` sees to; but for `sync`.
class SqliteWriter {
 public:
  struct Options {
    std::string path;
    std::chrono::milliseconds busy_timeout{5'000};
  };

  /// Opens the file, creates or migrates it and joins it as an instance. `store_failed`.
  static Result<std::unique_ptr<SqliteWriter>> open(Options options);
  SqliteWriter(const SqliteWriter&) = delete;
  SqliteWriter& operator=(const SqliteWriter&) = delete;
  ~SqliteWriter();

  /// Does jobs in one transaction; what is wrong with one of them does not fail the others.
  void commit(const CommitJobs& jobs);
  /// Returns when the jobs that were committed are on the disk, or that nobody can tell:
  /// `commit_unknown`. From any thread, beside all others.
  [[nodiscard]] Result<void> sync(const CommitJobs& jobs);
  /// After a `sync` that has failed: if this brings what is in the log to the disk, `sync`
  /// succeeds.
  void repair_log();
  /// Brings the log into the database when it has grown.
  void tidy();
  /// Empties the log and what is free in the file, so that nothing of what was erased is there.
  /// Takes as long as reading the file. `store_failed`.
  [[nodiscard]] Result<void> clear_traces();

  /// Of those who have joined the file, those that live no more.
  [[nodiscard]] std::vector<std::int64_t> dead_instances() const;

  /// What others have done to the file.
  [[nodiscard]] SqliteSight look();

  /// Forgets everything without touching the file, in a process that was forked.
  void abandon();

 private:
  SqliteWriter(Options options, std::unique_ptr<SqliteLockFile> lock)
      : options_(std::move(options)), lock_(std::move(lock)), log_room_(kLogRoom) {}

  [[nodiscard]] Result<void> create_file();
  [[nodiscard]] Result<void> connect();
  void join();
  [[nodiscard]] Result<void> commit_together(const CommitJobs& jobs);
  template <class Work>
  [[nodiscard]] Result<void> with_right_to_write(Work work);
  template <class Work>
  [[nodiscard]] Result<void> try_with_memory(Work work);
  void run_transaction(const CommitJobs& jobs);
  void begin();
  [[nodiscard]] Error give_up();
  [[nodiscard]] Result<void> make_ready();
  [[nodiscard]] Result<void> rewrite_log();

  const Options options_;
  std::unique_ptr<SqliteLockFile> lock_;
  std::unique_ptr<SqliteConnection> db_;
  std::optional<SqliteTables> tables_;  ///< if the last transaction was this one's, and succeeded
  unsigned version_ = 0;                ///< of the data, when they were true
  SqliteLogSync log_sync_;
  std::int64_t instance_ = 0;    ///< 0 before it has joined
  bool committing_ = false;      ///< COMMIT was begun, and has not succeeded
  bool fault_of_a_job_ = false;  ///< the last failure was not one of the file
  int next_checkpoint_ = 0;      ///< pages in the log
  std::vector<char> log_room_;   ///< for what one commit writes
};

}  // namespace hookline::detail
