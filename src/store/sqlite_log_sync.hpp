#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

#include "store/sqlite_log_rewrite.hpp"

namespace hookline::detail {

/// Brings the log (WAL) of a file to the disk, for those who wait until their commit is there. With
/// `synchronous=FULL` SQLite does so within each commit; here it is done beside the connection: the
/// next commit is written meanwhile, and one sync serves all commits before it. Others see a commit
/// before it is on the disk; nobody is told that it is there.
///
/// When a sync has failed, the system may have dropped what was to be written, and the next sync
/// would succeed without it, also for who opens the file later and never hears of the failure. So
/// the log is in doubt at first and after a failure, and nothing in it counts as synced until it
/// was written anew.
///
/// Threads: any; `open`, `add_commit` and `rewrite` only under the lead of the `GroupCommit`.
class SqliteLogSync {
 public:
  SqliteLogSync() = default;
  SqliteLogSync(const SqliteLogSync&) = delete;
  SqliteLogSync& operator=(const SqliteLogSync&) = delete;
  ~SqliteLogSync();

  /// Finds the log of a connection that was opened. 0, or an errno.
  [[nodiscard]] int open(const std::string& path);

  /// Something was committed: its number for `sync`.
  [[nodiscard]] std::uint64_t add_commit() { return ++committed_; }

  /// Waits until a commit and all before it are on the disk. 0, or the errno of the sync that has
  /// failed for it or before it.
  [[nodiscard]] int sync(std::uint64_t commit);

  /// What stands in the log may not be on the disk.
  [[nodiscard]] bool in_doubt() const { return error_ != 0; }

  /// Writes the log, which has so many frames, anew and syncs it: `rewrite_log`. Ends the doubt.
  [[nodiscard]] LogRewrite rewrite(std::size_t frames);

 private:
  std::atomic<std::uint64_t> committed_{0};  ///< the number of the last commit
  std::atomic<int> error_{0};                ///< of the sync that has failed

  std::mutex mutex_;  ///< one sync at a time; guards what follows
  std::uint64_t synced_ = 0;
  int file_ = -1;
};

}  // namespace hookline::detail
