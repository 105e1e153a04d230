#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

namespace hookline::detail {

/// Brings the log (WAL) of a file to the disk, for those who wait until their commit is there. It
/// is what SQLite itself does at the end of a commit under `synchronous=FULL`, but beside the
/// connection: the next commit is written meanwhile, and one sync serves all commits before it.
///
/// When a sync has failed, the system may have dropped what was to be written, and the next sync
/// would succeed without it. So nothing counts as synced from then on, until the log has been
/// brought into the database.
///
/// Threads: any; `open`, `add_commit` and `trust` only under the lead of the `GroupCommit`.
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

  /// A sync has failed: what stands in the log may not be on the disk.
  [[nodiscard]] bool in_doubt() const { return error_ != 0; }

  /// All commits are in the database by now, and on the disk.
  void trust();

 private:
  std::atomic<std::uint64_t> committed_{0};  ///< the number of the last commit
  std::atomic<int> error_{0};                ///< of the sync that has failed

  std::mutex mutex_;  ///< one sync at a time; guards what follows
  std::uint64_t synced_ = 0;
  int file_ = -1;
};

}  // namespace hookline::detail
