#include "store/sqlite_writer.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <system_error>
#include <utility>

#include "base/fail.hpp"
#include "store/sqlite_schema.hpp"
#include "store/sqlite_scrub.hpp"

namespace hookline::detail {
namespace {

/// Pages in the log before they go into the database: more makes for longer waits, fewer for more
/// writing.
constexpr int kLogPages = 8'000;
constexpr int kMoreLogPages = 1'000;

/// The right to write, for a scope.
class WriteLock {
 public:
  WriteLock(SqliteLockFile& file, std::chrono::milliseconds timeout)
      : file_(file), taken_(file.lock_writing(timeout)) {}
  WriteLock(const WriteLock&) = delete;
  WriteLock& operator=(const WriteLock&) = delete;
  ~WriteLock() {
    if (taken_) file_.unlock_writing();
  }
  [[nodiscard]] const Result<void>& taken() const { return taken_; }

 private:
  SqliteLockFile& file_;
  const Result<void> taken_;
};

/// So that the names of new files outlive a power cut.
void sync_folder(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  const int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (file < 0) return;
  ::fsync(file);
  ::close(file);
}

}  // namespace

Result<std::unique_ptr<SqliteWriter>> SqliteWriter::open(Options options) {
  auto lock = SqliteLockFile::open(lock_path(options.path));
  if (!lock) return tl::unexpected(std::move(lock.error()));
  std::unique_ptr<SqliteWriter> writer(new SqliteWriter(std::move(options), *std::move(lock)));
  const WriteLock right(*writer->lock_, writer->options_.busy_timeout);
  if (!right.taken()) return tl::unexpected(right.taken().error());
  if (auto made = writer->create_file(); !made) return tl::unexpected(std::move(made.error()));
  if (auto done = writer->connect(); !done) return tl::unexpected(std::move(done.error()));
  static_cast<void>(writer->make_ready());  // if the disk refuses, the first commit says so
  return writer;
}

/// The last one out brings the log into the database, so that the file alone is complete. Whoever
/// cannot leaves that to the next one.
SqliteWriter::~SqliteWriter() {
  if (!db_ || log_sync_.in_doubt()) return;
  const WriteLock right(*lock_, std::chrono::milliseconds(0));
  if (!right.taken()) return;
  sqlite3_busy_timeout(db_->handle(), 0);
  db_->execute("PRAGMA wal_checkpoint(TRUNCATE)");
}

/// SQLite would make it readable for others. A file that is there stays as it is: to open and close
/// it here would drop the locks that SQLite has on it in this process.
Result<void> SqliteWriter::create_file() {
  const int file = ::open(options_.path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) {
    ::close(file);
  } else if (errno != EEXIST) {
    return fail(ErrorCode::store_failed,
                "store {}: it cannot be created: {}; check that its folder exists and this user "
                "may write there",
                options_.path, std::generic_category().message(errno));
  }
  return {};
}

/// REQUIRES: the right to write.
Result<void> SqliteWriter::connect() {
  SqliteConnection::Options options;
  options.busy_timeout = options_.busy_timeout;
  auto db = SqliteConnection::open(options_.path, options);
  if (!db) return tl::unexpected(std::move(db.error()));
  if (auto done = migrate(**db, options_.path); !done) return done;
  db_ = *std::move(db);
  db_->execute("PRAGMA synchronous=NORMAL");  // what is to be durable waits for `sync`
  join();
  if (db_->failed()) {
    Error error = give_up();
    db_.reset();
    return tl::unexpected(std::move(error));
  }
  if (const int reason = log_sync_.open(options_.path); reason != 0) {
    db_.reset();
    return fail(ErrorCode::store_failed, "store {}: its log cannot be opened: {}", options_.path,
                std::generic_category().message(reason));
  }
  sync_folder(options_.path);
  return {};
}

/// Takes a number whose byte in the lock file is free, and writes it down.
void SqliteWriter::join() {
  for (std::int64_t number = 1; instance_ == 0; ++number) {
    const bool taken =
        db_->value("SELECT 1 FROM instance WHERE number=?1", number).has_value() || db_->failed();
    if (db_->failed()) return;
    if (!taken && lock_->become_instance(number)) instance_ = number;
  }
  db_->run("INSERT OR IGNORE INTO instance VALUES(?1)", instance_);
}

// --- Transactions --------------------------------------------------------------------------------

void SqliteWriter::commit(const CommitJobs& jobs) {
  const Result<void> together = commit_together(jobs);
  if (together) return;
  const bool each_alone = fault_of_a_job_ && jobs.size() > 1;
  for (CommitJob* job : jobs) {
    if (each_alone) {
      job->result = commit_together(CommitJobs(*job));
    } else {
      job->fail(together.error());
    }
  }
}

Result<void> SqliteWriter::commit_together(const CommitJobs& jobs) {
  fault_of_a_job_ = false;
  return with_right_to_write([&]() -> Result<void> {
    run_transaction(jobs);
    if (db_->failed()) return tl::unexpected(give_up());
    const std::uint64_t number = log_sync_.add_commit();
    for (CommitJob* job : jobs) job->commit = number;
    return {};
  });
}

/// Does something with the file while no other process writes to it.
template <class Work>
Result<void> SqliteWriter::with_right_to_write(Work work) {
  const WriteLock right(*lock_, options_.busy_timeout);
  if (!right.taken()) return tl::unexpected(right.taken().error());
  return try_with_memory([&]() -> Result<void> {
    if (auto ready = make_ready(); !ready) return ready;
    return work();
  });
}

/// What is thrown tells of a lack of memory. To close the connection needs none, and undoes what
/// was begun. The text is short enough to need none either.
template <class Work>
Result<void> SqliteWriter::try_with_memory(Work work) {
  try {
    return work();
  } catch (const std::exception&) {
    tables_.reset();
    db_.reset();
    const bool unknown = std::exchange(committing_, false);
    fault_of_a_job_ = !unknown;
    const ErrorCode code = unknown ? ErrorCode::commit_unknown : ErrorCode::store_failed;
    return tl::unexpected(Error{code, "out of memory"});
  }
}

/// One that has changed nothing waits too: what it has seen may not be on the disk yet, and may be
/// another process's.
Result<void> SqliteWriter::sync(const CommitJobs& jobs) {
  std::uint64_t last = 0;
  for (const CommitJob* job : jobs) {
    if (job->result) last = std::max(last, job->commit);
  }
  const int reason = last == 0 ? 0 : log_sync_.sync(last);
  if (reason == 0) return {};
  return tl::unexpected(
      unknown_commit(options_.path, {SQLITE_IOERR_FSYNC, std::generic_category().message(reason)}));
}

void SqliteWriter::repair_log() {
  static_cast<void>(
      with_right_to_write([] { return Result<void>(); }));  // the next commit meets it too
}

/// Opens the file if it is not, and takes care that what stands in the log is on the disk.
/// REQUIRES: the right to write.
Result<void> SqliteWriter::make_ready() {
  if (!db_) {
    if (auto done = connect(); !done) return done;
  }
  return log_sync_.in_doubt() ? rewrite_log() : Result<void>();
}

/// A commit tells how much is in the log, and a transaction that follows it keeps others from
/// writing there meanwhile. The commit must write something: to set a column to what it is would
/// not, to set the row's number does. REQUIRES: the right to write.
Result<void> SqliteWriter::rewrite_log() {
  tables_.reset();
  unsigned version = 0;
  do {
    if (sqlite3_get_autocommit(db_->handle()) == 0) db_->run("ROLLBACK");
    db_->run("UPDATE store SET id=1 WHERE id=1");
    version = db_->data_version();
    db_->run("BEGIN IMMEDIATE");
  } while (!db_->failed() && db_->data_version() != version);
  if (db_->failed()) return tl::unexpected(give_up());
  const LogRewrite rewritten = log_sync_.rewrite(static_cast<std::size_t>(db_->log_pages()));
  db_->run("ROLLBACK");
  switch (rewritten.kind) {
    case LogRewrite::Kind::done:
      break;
    case LogRewrite::Kind::damaged:
      return fail(ErrorCode::store_failed,
                  "store {}: the disk has lost what was written to its log; stop every process "
                  "that uses it and start again: what was promised is there; if this comes back, "
                  "restore it from a backup",
                  options_.path);
    case LogRewrite::Kind::failed:
      return fail(ErrorCode::store_failed,
                  "store {}: its log cannot be brought to the disk: {}; it is tried again at the "
                  "next call",
                  options_.path, std::generic_category().message(rewritten.reason));
  }
  return {};
}

void SqliteWriter::run_transaction(const CommitJobs& jobs) {
  committing_ = false;
  begin();
  for (CommitJob* job : jobs) job->run(*tables_);
  tables_->flush();
  if (db_->failed()) return;
  committing_ = true;
  commit_in_one_write(*db_, log_room_);
  committing_ = db_->failed();
  version_ = db_->data_version();
}

void SqliteWriter::begin() {
  db_->run("BEGIN IMMEDIATE");
  if (!tables_ || tables_->is_full() || db_->data_version() != version_) {
    tables_.emplace(*db_, instance_);
    tables_->counters.load();
  }
  tables_->begin();
}

/// Undoes what was begun, closes a connection that cannot be trusted any more, and says why.
Error SqliteWriter::give_up() {
  tables_.reset();
  const SqliteFailure failure = db_->failure();
  db_->clear_failure();
  if (sqlite3_get_autocommit(db_->handle()) == 0) db_->execute("ROLLBACK");
  db_->clear_failure();
  fault_of_a_job_ = !failure.is_of_file();
  const bool undone = sqlite3_get_autocommit(db_->handle()) != 0;
  if (failure.needs_reopening() || !undone) db_.reset();
  // A full disk stops the log before the mark of the commit is in it; any other fault of the disk
  // may have come after.
  const bool unknown = committing_ && (failure.code & 0xff) == SQLITE_IOERR;
  committing_ = false;
  return unknown ? unknown_commit(options_.path, failure) : sqlite_error(options_.path, failure);
}

// --- The log -------------------------------------------------------------------------------------

void SqliteWriter::tidy() {
  if (!db_ || log_sync_.in_doubt()) return;
  const int pages = db_->log_pages();
  if (pages < kLogPages) next_checkpoint_ = kLogPages;
  if (pages < next_checkpoint_) return;
  const WriteLock right(*lock_, options_.busy_timeout);
  if (!right.taken()) return;
  // If a reader is in the way, the rest of it comes with the next one.
  const int code = sqlite3_wal_checkpoint_v2(db_->handle(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                             nullptr, nullptr);
  // It begins with a sync of the log. The next one would overwrite the database, which must not be
  // before the log is on the disk.
  if ((code & 0xff) == SQLITE_IOERR) log_sync_.doubt(EIO);
  next_checkpoint_ = pages + kMoreLogPages;
}

Result<void> SqliteWriter::clear_traces() {
  return with_right_to_write([&]() -> Result<void> {
    db_->check(sqlite3_wal_checkpoint_v2(db_->handle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                         nullptr, nullptr));
    if (!db_->failed()) scrub(*db_);
    if (!db_->failed()) return {};
    Error error = give_up();
    return fail(error.code, "done, but traces of what stood there may be left; repeat it: {}",
                error.message);
  });
}

std::vector<std::int64_t> SqliteWriter::dead_instances() const {
  std::vector<std::int64_t> dead;
  SqliteRows rows =
      db_->query("SELECT number FROM instance WHERE number<>?1 ORDER BY number", instance_);
  while (rows.next()) {
    if (!lock_->is_alive(rows.integer(0))) dead.push_back(rows.integer(0));
  }
  return dead;
}

/// A connection is told of the commits of others, not of its own.
SqliteSight SqliteWriter::look() {
  SqliteSight sight;
  if (!db_) return sight;
  static_cast<void>(try_with_memory([&]() -> Result<void> {
    sight.version = db_->value("PRAGMA data_version");
    sight.dead = dead_instances();
    db_->clear_failure();  // the next transaction will meet it again
    return {};
  }));
  return sight;
}

void SqliteWriter::abandon() {
  tables_.reset();
  if (db_) db_->abandon();
  db_.reset();
}

}  // namespace hookline::detail
