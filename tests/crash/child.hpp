#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace hookline::crash {

/// The lines that several children write to their standard output, read as they come so that none
/// waits for a full pipe.
class Reports {
 public:
  Reports();
  Reports(const Reports&) = delete;
  Reports& operator=(const Reports&) = delete;
  ~Reports();

  /// For a child's standard output.
  [[nodiscard]] int end() const { return write_end_; }
  /// REQUIRES: every child that is to report has been started. Waits until all have ended.
  [[nodiscard]] std::vector<std::string> all();

 private:
  void read_all();

  int read_end_ = -1;
  int write_end_ = -1;
  std::string text_;
  std::thread reader_;
};

/// Another process, which ends with this object.
class Child {
 public:
  Child(const std::vector<std::string>& command, const Reports& reports);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  void kill();
  /// Its exit code, or minus the signal that ended it; it is killed when the time has passed.
  int wait(std::chrono::milliseconds time = std::chrono::minutes(1));

 private:
  pid_t pid_ = -1;
};

}  // namespace hookline::crash
