#pragma once

#include <chrono>
#include <memory>
#include <utility>

#include "deliver/delivery_core.hpp"
#include "hookline/clock.hpp"

namespace hookline::detail {

/// The line of due times of one run: it starts at system time and then goes with steady time, so
/// that a jump of the wall clock neither loses nor storms deliveries.
class Timeline {
 public:
  explicit Timeline(std::shared_ptr<Clock> clock)
      : clock_(std::move(clock)),
        steady_start_(clock_->steady_now()),
        due_start_(
            std::chrono::floor<DueClock::duration>(clock_->system_now().time_since_epoch())) {}

  [[nodiscard]] Now now() const {
    const auto passed = clock_->steady_now() - steady_start_;
    return {due_start_ + std::chrono::floor<DueClock::duration>(passed), clock_->system_now()};
  }

  /// How long it is until then, rounded so that it has come after waiting for it.
  [[nodiscard]] std::chrono::nanoseconds until(DueTime due) const {
    const auto steady_due = steady_start_ + (due - due_start_);
    return steady_due - clock_->steady_now();
  }

  [[nodiscard]] Clock& clock() const { return *clock_; }

 private:
  std::shared_ptr<Clock> clock_;
  std::chrono::steady_clock::time_point steady_start_;
  DueTime due_start_;
};

}  // namespace hookline::detail
