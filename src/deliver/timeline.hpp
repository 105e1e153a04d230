#pragma once

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>

#include "deliver/delivery_core.hpp"
#include "hookline/clock.hpp"

namespace hookline::detail {

/// The line of due times of one run: it starts at system time, or where the store's last one ended
/// if that is later, and then goes with steady time, so that a jump of the wall clock neither loses
/// nor storms deliveries.
class Timeline {
 public:
  Timeline(std::shared_ptr<Clock> clock, DueTime not_before)
      : clock_(std::move(clock)),
        steady_start_(clock_->steady_now()),
        due_start_(std::max(DueTime(clock_->system_now().time_since_epoch()), not_before)) {}

  [[nodiscard]] Moment now() const {
    return {due_start_ + (clock_->steady_now() - steady_start_), clock_->system_now()};
  }

  [[nodiscard]] DueClock::duration until(DueTime due) const { return due - now().due; }

  [[nodiscard]] Clock& clock() const { return *clock_; }

 private:
  std::shared_ptr<Clock> clock_;
  std::chrono::steady_clock::time_point steady_start_;
  DueTime due_start_;
};

}  // namespace hookline::detail
