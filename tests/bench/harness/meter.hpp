#pragma once

#include <sys/resource.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "harness/counters.hpp"

namespace hookline::bench {

/// What one run of one side has measured, by name: `per_second`, `cpu_us`, `p50_us`, …
using Figures = std::map<std::string, double>;

using Steady = std::chrono::steady_clock;

[[nodiscard]] double microseconds(Steady::duration time);
[[nodiscard]] double seconds(Steady::duration time);
/// Of /proc/self/status, in MiB: `VmRSS`, `VmHWM`.
[[nodiscard]] double memory_mib(const std::string& field);

/// Measures what this process spends from here to `add_to`.
class Meter {
 public:
  Meter();

  /// Adds, for so many deliveries: `per_second`, `cpu_us` with `user_us` and `system_us`,
  /// `allocations`, `context_switches` and, if they are counted, `syscalls`, all for one delivery;
  /// `commits` and `syncs` for 1,000; `peak_mib`.
  void add_to(Figures& figures, std::uint64_t deliveries) const;

 private:
  Steady::time_point start_;
  rusage usage_{};
  Counts counts_;
};

/// Latencies of a run.
class Latencies {
 public:
  void add(Steady::duration time) { times_.push_back(time); }
  void add(const Latencies& others);
  [[nodiscard]] std::size_t size() const { return times_.size(); }
  /// Adds `p50_us`, `p99_us` and `max_us` under names that begin with `prefix`.
  void add_to(Figures& figures, const std::string& prefix = "") const;

 private:
  std::vector<Steady::duration> times_;
};

}  // namespace hookline::bench
