#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "deliver/delivery_core.hpp"
#include "hookline/dispatcher.hpp"

namespace hookline::detail {

/// Counts what happens, and writes it down in the text format of Prometheus. Names follow its
/// conventions: base units, `_total` for counters; no label has values that strangers choose.
/// Usable from any thread.
class Metrics {
 public:
  void dispatched(const Result<DispatchReceipt>& receipt);
  void attempted(const Attempt& attempt);
  void ended(DeliveryStatus status);
  void remarked(Remark::Kind kind);
  void disabled_webhook() { ++webhooks_disabled_; }

  /// Gauges come from `stats`.
  [[nodiscard]] std::string text(const DispatcherStats& stats) const;

 private:
  using Counter = std::atomic<std::uint64_t>;
  static constexpr std::array<double, 10> kBuckets = {0.005, 0.01, 0.025, 0.05, 0.1,
                                                      0.25,  0.5,  1,     5,    15};

  void write_counters(std::string& out) const;
  void write_durations(std::string& out) const;

  Counter accepted_{0};
  Counter repeated_{0};
  Counter leases_lost_{0};
  Counter lane_rests_{0};
  Counter store_failures_{0};
  Counter webhooks_disabled_{0};
  std::array<Counter, 3> ended_{};                    ///< delivered, exhausted, discarded
  std::array<Counter, kBuckets.size() + 1> tooks_{};  ///< attempts by duration; the last: longer
  Counter took_ms_{0};

  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> errors_;    ///< of dispatches, by code
  std::map<std::string, std::uint64_t> attempts_;  ///< by class of status, or of failure
};

}  // namespace hookline::detail
