#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/listeners.hpp"

namespace hookline::detail {

/// What the watch finds when it looks at the file.
struct SqliteSight {
  std::optional<std::int64_t> version;  ///< changes with every commit of another connection
  std::vector<std::int64_t> dead;       ///< instances that live no more
};

/// Notices within a fraction of a second that another instance has written to the file, or has
/// died, on a thread of its own. The kernel wakes it when the log is written to, by whomever, and
/// when somebody closes the lock file, as a process that dies does; otherwise it sleeps. Where the
/// kernel has no watch left it looks twice a second.
///
/// Threads: any, but for the end.
class SqliteWatch {
 public:
  /// `look` is called from the thread of the watch, and in `add`. Without a lock file, whose path
  /// is empty then, nobody's death is noticed.
  SqliteWatch(std::string log_path, std::string lock_path, std::function<SqliteSight()> look);
  SqliteWatch(const SqliteWatch&) = delete;
  SqliteWatch& operator=(const SqliteWatch&) = delete;
  ~SqliteWatch();

  /// Null if the system has no thread left.
  [[nodiscard]] std::shared_ptr<void> add(std::function<void()> changed);

  /// Forgets the thread, in a process that was forked.
  void abandon();

 private:
  [[nodiscard]] bool start();
  void run();
  bool look_around();
  void watch_files();
  [[nodiscard]] bool sees_everything() const;
  [[nodiscard]] bool wait(std::optional<std::chrono::milliseconds> timeout, bool for_the_log);
  void read_events();

  const std::string log_path_;
  const std::string lock_path_;
  const std::function<SqliteSight()> look_;
  Listeners<> listeners_;
  std::mutex starting_;
  SqliteSight last_;
  int events_ = -1;      ///< inotify; negative if there is none
  int log_watch_ = -1;   ///< on the log; negative until it is there
  int lock_watch_ = -1;  ///< on the lock file
  int end_ = -1;         ///< readable when the thread is to end
  std::thread thread_;
};

}  // namespace hookline::detail
