#pragma once

#include <cstdint>

namespace hookline::bench {

/// What this process has done so far, all threads together. The program replaces `malloc`,
/// `calloc`, `realloc` and `fdatasync` by ones that count (counters.cpp).
struct Counts {
  std::uint64_t allocations = 0;
  std::uint64_t commits = 0;   ///< write transactions of SQLite, in every connection
  std::uint64_t syncs = 0;     ///< `fdatasync`
  std::uint64_t syscalls = 0;  ///< 0 unless `count_syscalls`
};

[[nodiscard]] Counts counts_so_far();

/// Counts the commits of every connection to SQLite that is opened from now on.
void count_commits();

/// Counts the system calls of this thread and of those that it starts from now on, which slows them
/// down. Does nothing where the kernel does not let us (perf_event_open(2), a tracepoint).
void count_syscalls();

}  // namespace hookline::bench
