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

  /// A disk without faults again.
  static void heal();

  static std::atomic<int> read_error;     ///< an errno for every read; 0 for none
  static std::atomic<int> write_error;    ///< an errno for every write; 0 for none
  static std::atomic<int> sync_error;     ///< an errno for every sync; 0 for none
  static std::atomic<int> failing_syncs;  ///< if not negative: after so many they succeed again
  static std::atomic<bool> syncs_hang;    ///< every sync, until this is over
  static std::atomic<bool> short_write;   ///< a write takes half of what it is given
  /// Of all these only one in so many happens, drawn from `draws`.
  static std::atomic<unsigned> one_in;
  static std::atomic<unsigned> draws;
  static std::atomic<int> syncs;   ///< how many were begun
  static std::atomic<int> writes;  ///< how many there were while one of these lived
};

}  // namespace hookline::fakes
