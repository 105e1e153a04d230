#pragma once

#include <sqlite3.h>

#include <chrono>
#include <functional>
#include <thread>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "store/sqlite_file.hpp"

namespace hookline::fakes {

/// Threads that wait for a store, since a connection beside it is in a transaction. The first of
/// them leads, and waits for that one alone; those who come later share the next commit.
class WaitingLine {
 public:
  /// `pause`: until a thread that was started stands in line.
  WaitingLine(const SqliteFile& file, std::chrono::milliseconds pause) : pause_(pause) {
    REQUIRE(sqlite3_open(file.path().c_str(), &other_) == SQLITE_OK);
    execute("BEGIN IMMEDIATE");
  }
  WaitingLine(const WaitingLine&) = delete;
  WaitingLine& operator=(const WaitingLine&) = delete;
  ~WaitingLine() { sqlite3_close(other_); }

  void add(std::function<void()> work) {
    threads_.emplace_back(std::move(work));
    std::this_thread::sleep_for(pause_);
  }

  /// Lets them write, and waits until all have done.
  void go_on() {
    execute("ROLLBACK");
    for (std::thread& thread : threads_) thread.join();
  }

 private:
  void execute(const char* sql) {
    REQUIRE(sqlite3_exec(other_, sql, nullptr, nullptr, nullptr) == SQLITE_OK);
  }

  const std::chrono::milliseconds pause_;
  sqlite3* other_ = nullptr;
  std::vector<std::thread> threads_;
};

}  // namespace hookline::fakes
