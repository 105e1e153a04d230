#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "hookline/result.hpp"

namespace hookline::detail {

/// Where the lock file of a database stands.
[[nodiscard]] inline std::string lock_path(const std::string& database) {
  return database + ".lock";
}

/// The file beside a database whose bytes are locked, never written.
///
/// - One byte is the right to write or checkpoint: SQLite before 3.51.3 can damage a log when two
///   connections do so at once (sqlite.org/wal.html#walresetbug).
/// - One is the queue for it, so that no instance that writes without a pause shuts others out.
/// - One for each instance proves that it lives: the kernel lets go of it when its process ends,
///   however it ends.
///
/// The locks belong to the open file (F_OFD_SETLK), so that instances in one process exclude each
/// other too. A process that was forked and does not exec shares them: as long as it lives, its
/// parent's instances seem to live.
///
/// Threads: one at a time.
class SqliteLockFile {
 public:
  /// Creates it, for this user only, if it is not there. `store_failed`.
  static Result<std::unique_ptr<SqliteLockFile>> open(const std::string& path);
  SqliteLockFile(const SqliteLockFile&) = delete;
  SqliteLockFile& operator=(const SqliteLockFile&) = delete;
  ~SqliteLockFile();

  /// Waits so long at most. `store_failed`.
  [[nodiscard]] Result<void> lock_writing(std::chrono::milliseconds timeout);
  void unlock_writing();

  /// Takes the byte of an instance for as long as this file is open; false if it lives elsewhere.
  [[nodiscard]] bool become_instance(std::int64_t number);
  /// Whether somebody else holds the byte of an instance.
  [[nodiscard]] bool is_alive(std::int64_t number) const;

 private:
  SqliteLockFile(std::string path, int file) : path_(std::move(path)), file_(file) {}

  const std::string path_;
  const int file_;
};

}  // namespace hookline::detail
