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
/// When a sync has failed, the system may have dropped what was to be written, and the next one
/// would succeed without it: each descriptor that was open at the time is told once (Linux 4.13),
/// those that are opened later are not. So the log is in doubt when it was opened and after a
/// failure, and nothing more in it counts as synced until it was written anew.
///
/// Threads: any; `open`, `add_commit`, `doubt` and `rewrite` are for who has the right to write.
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

  /// Waits until a commit and all before it are on the disk. 0, or the errno of the doubt.
  [[nodiscard]] int sync(std::uint64_t commit);

  /// What stands in the log may not be on the disk.
  [[nodiscard]] bool in_doubt() const { return doubt_ != 0; }
  /// A sync of SQLite's own has failed.
  void doubt(int reason) { doubt_ = reason; }

  /// Writes the log, which has so many frames, anew and syncs it, as `rewrite_log` says. Ends the
  /// doubt.
  [[nodiscard]] LogRewrite rewrite(std::size_t frames);

 private:
  std::atomic<std::uint64_t> committed_{0};  ///< the number of the last commit
  std::atomic<int> doubt_{0};                ///< 0, or the errno that is the reason for it

  std::mutex mutex_;  ///< one sync at a time; guards what follows
  std::uint64_t synced_ = 0;
  int file_ = -1;
};

}  // namespace hookline::detail
