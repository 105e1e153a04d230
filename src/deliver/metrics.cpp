#include "deliver/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "hookline/version.hpp"

namespace hookline::detail {
namespace {

constexpr std::array<DeliveryStatus, 3> kOutcomes = {
    DeliveryStatus::delivered, DeliveryStatus::exhausted, DeliveryStatus::discarded};

/// One family: its help, its type and its samples.
class Family {
 public:
  Family(std::string& out, std::string_view name, std::string_view type, std::string_view help)
      : out_(out), name_(name) {
    out_ += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, type);
  }

  template <class Value>
  Family& add(Value value) {
    out_ += fmt::format("{} {}\n", name_, value);
    return *this;
  }

  template <class Value>
  Family& add(std::string_view label, std::string_view of, Value value) {
    out_ += fmt::format("{}{{{}=\"{}\"}} {}\n", name_, label, of, value);
    return *this;
  }

 private:
  std::string& out_;
  const std::string_view name_;
};

void write_gauges(std::string& out, const DispatcherStats& stats) {
  Family(out, "hookline_build_info", "gauge", "The version of the library, as a label.")
      .add("version", version(), 1);
  Family(out, "hookline_deliveries", "gauge", "Deliveries without an outcome.")
      .add("status", "pending", stats.deliveries.pending)
      .add("status", "in_flight", stats.deliveries.in_flight);
  Family(out, "hookline_pending_bytes", "gauge", "Bodies that are still to be sent.")
      .add(stats.deliveries.pending_bytes);
  const auto age = stats.oldest_unfinished_age.value_or(std::chrono::milliseconds(0));
  Family(out, "hookline_oldest_unfinished_age_seconds", "gauge",
         "Age of the oldest delivery without an outcome; 0 if there is none.")
      .add(std::chrono::duration<double>(age).count());
  Family(out, "hookline_requests_in_flight", "gauge", "Requests that are out.")
      .add(stats.requests_in_flight);
  Family(out, "hookline_paused", "gauge", "1 while sending is paused.").add(stats.paused ? 1 : 0);
  Family(out, "hookline_sender_offline", "gauge", "1 while nobody can be reached.")
      .add(stats.offline ? 1 : 0);
  Family(out, "hookline_observer_dropped_total", "counter",
         "What the observer and the logger did not take in time.")
      .add(stats.observer_dropped);
}

}  // namespace

void Metrics::dispatched(const Result<DispatchReceipt>& receipt) {
  if (receipt) {
    ++(receipt->repeated ? repeated_ : accepted_);
    return;
  }
  const std::lock_guard lock(mutex_);
  ++errors_[std::string(to_string(receipt.error().code))];
}

void Metrics::attempted(const Attempt& attempt) {
  const auto seconds = std::chrono::duration<double>(attempt.duration).count();
  const auto bucket = std::lower_bound(kBuckets.begin(), kBuckets.end(), seconds);
  ++tooks_[static_cast<std::size_t>(bucket - kBuckets.begin())];
  took_ms_ += static_cast<std::uint64_t>(attempt.duration.count());

  std::string result = "unknown";
  if (attempt.http_status) {
    result = fmt::format("{}xx", *attempt.http_status / 100);
  } else if (attempt.failure) {
    result = to_string(*attempt.failure);
  }
  const std::lock_guard lock(mutex_);
  ++attempts_[result];
}

void Metrics::ended(DeliveryStatus status) {
  const auto found = std::find(kOutcomes.begin(), kOutcomes.end(), status);
  if (found != kOutcomes.end()) ++ended_[static_cast<std::size_t>(found - kOutcomes.begin())];
}

void Metrics::remarked(Remark::Kind kind) {
  if (kind == Remark::Kind::lease_lost) ++leases_lost_;
  if (kind == Remark::Kind::lane_resting) ++lane_rests_;
  if (kind == Remark::Kind::store_failing) ++store_failures_;
}

std::string Metrics::text(const DispatcherStats& stats) const {
  std::string out;
  write_gauges(out, stats);
  write_counters(out);
  write_durations(out);
  return out;
}

void Metrics::write_counters(std::string& out) const {
  Family(out, "hookline_dispatches_total", "counter", "Imports that were accepted.")
      .add("repeated", "false", accepted_.load())
      .add("repeated", "true", repeated_.load());
  Family ended(out, "hookline_deliveries_ended_total", "counter", "Deliveries by outcome.");
  for (std::size_t i = 0; i < kOutcomes.size(); ++i) {
    ended.add("status", to_string(kOutcomes[i]), ended_[i].load());
  }
  Family(out, "hookline_webhooks_disabled_total", "counter", "Webhooks that hookline disabled.")
      .add(webhooks_disabled_.load());
  Family(out, "hookline_lane_rests_total", "counter", "Breakers that opened.")
      .add(lane_rests_.load());
  Family(out, "hookline_leases_lost_total", "counter", "Outcomes that came too late to count.")
      .add(leases_lost_.load());
  Family(out, "hookline_store_failures_total", "counter", "Times at which the store began to fail.")
      .add(store_failures_.load());

  const std::lock_guard lock(mutex_);
  Family errors(out, "hookline_dispatch_errors_total", "counter",
                "Imports that were not accepted, by error code.");
  for (const auto& [code, count] : errors_) errors.add("code", code, count);
  Family attempts(out, "hookline_attempts_total", "counter",
                  "Recorded attempts, by class of the status or of the failure.");
  for (const auto& [result, count] : attempts_) attempts.add("result", result, count);
}

void Metrics::write_durations(std::string& out) const {
  constexpr std::string_view kName = "hookline_attempt_duration_seconds";
  Family(out, kName, "histogram", "From the start of a request to its end.");
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < tooks_.size(); ++i) {
    sum += tooks_[i].load();
    const std::string bound = i < kBuckets.size() ? fmt::format("{}", kBuckets[i]) : "+Inf";
    out += fmt::format("{}_bucket{{le=\"{}\"}} {}\n", kName, bound, sum);
  }
  out += fmt::format("{0}_sum {1}\n{0}_count {2}\n", kName,
                     static_cast<double>(took_ms_.load()) / 1000, sum);
}

}  // namespace hookline::detail
