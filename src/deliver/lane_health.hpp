#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include "hookline/delivery_store.hpp"

namespace hookline::detail {

/// How a lane's receiver has been doing lately, and when it may next be asked something.
///
/// The breaker: after five failures in a row the lane rests, for five seconds at first and then
/// twice as long each time, up to five minutes; after each rest one request finds out how things
/// are. What waits in the lane meanwhile loses no tries.
class LaneHealth {
 public:
  /// A success counts as recent for so long.
  static constexpr std::chrono::minutes kRecent{10};
  static constexpr std::uint32_t kFailuresBeforeRest = 5;
  static constexpr std::chrono::seconds kFirstRest{5};
  static constexpr std::chrono::minutes kLongestRest{5};

  /// No request starts before this.
  [[nodiscard]] DueTime not_before() const {
    return std::max({rests_until_, asked_until_, next_start_});
  }

  /// Whether more than one request at a time may be out.
  [[nodiscard]] bool proven(DueTime now) const {
    return last_success_ && now - *last_success_ <= kRecent && rests_ == 0;
  }

  void sent(DueTime now, DueClock::duration spacing) {
    if (spacing > spacing.zero()) next_start_ = now + spacing;
    last_start_ = now;
  }

  /// The webhook was changed: its receiver is asked anew, but no faster than its rate limit allows.
  void start_anew(DueClock::duration spacing) {
    LaneHealth anew;
    if (last_start_ && spacing > spacing.zero()) {
      anew.last_start_ = last_start_;
      anew.next_start_ = std::min(next_start_, *last_start_ + spacing);
    }
    *this = anew;
  }

  /// True if the lane had been resting.
  bool succeeded(DueTime now) {
    const bool recovered = rests_ > 0;
    last_success_ = now;
    failures_ = rests_ = 0;
    rests_until_ = DueTime::min();
    return recovered;
  }

  /// True if with this the lane rests. What was out when it began to is no news.
  bool failed(DueTime now) {
    ++failures_;
    if (failures_ < kFailuresBeforeRest || now < rests_until_) return false;
    const auto rest = kFirstRest * (std::int64_t{1} << std::min(rests_, 10u));
    rests_until_ = now + std::min<std::chrono::seconds>(rest, kLongestRest);
    ++rests_;
    return true;
  }

  /// The receiver itself has asked for a pause.
  void asked_to_wait(DueTime until) { asked_until_ = std::max(asked_until_, until); }

  /// Whether there is nothing to remember.
  [[nodiscard]] bool is_blank() const {
    return !last_success_ && failures_ == 0 && asked_until_ == DueTime::min() &&
           next_start_ == DueTime::min();
  }

 private:
  std::optional<DueTime> last_start_;
  std::optional<DueTime> last_success_;
  std::uint32_t failures_ = 0;            ///< since the last success
  std::uint32_t rests_ = 0;               ///< since the last success
  DueTime rests_until_ = DueTime::min();  ///< the breaker is open
  DueTime asked_until_ = DueTime::min();  ///< as a `retry-after` says
  DueTime next_start_ = DueTime::min();   ///< as the rate limit says
};

}  // namespace hookline::detail
