#pragma once

#include <atomic>

namespace hookline::fakes {

/// What the disk does to SQLite in this process, for as long as a test wants.
class DiskFaults {
 public:
  DiskFaults();
  DiskFaults(const DiskFaults&) = delete;
  DiskFaults& operator=(const DiskFaults&) = delete;
  ~DiskFaults();

  static std::atomic<int> write_error;  ///< an errno for every write; 0 for none
  static std::atomic<int> sync_error;   ///< an errno for every sync; 0 for none
  static std::atomic<int> syncs;        ///< how many there were
};

}  // namespace hookline::fakes
