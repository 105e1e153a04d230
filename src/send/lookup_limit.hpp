#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>

namespace hookline::detail {

/// Bounds the name look-ups at the same time, and with them the resolver threads of libcurl, which
/// has no option for that.
///
/// A look-up cannot be stopped: libcurl lets go of a request whose time is up, and `getaddrinfo`
/// goes on in its thread. Such a look-up keeps its slot for `kAbandonedHold`, after which the
/// resolver of the system has given up too.
///
/// Not thread-safe: it belongs to the thread of the transport.
class LookupLimit {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// resolv.conf(5): 2 attempts of 5 s with each of up to 3 servers.
  static constexpr std::chrono::seconds kAbandonedHold{30};

  explicit LookupLimit(std::size_t slots) : free_(slots) {}

  /// False if every slot is taken.
  [[nodiscard]] bool take(TimePoint now) {
    while (!abandoned_.empty() && abandoned_.front() <= now) {
      abandoned_.pop_front();
      ++free_;
    }
    if (free_ == 0) return false;
    --free_;
    return true;
  }

  /// The look-up has ended. REQUIRES: a slot taken, as for `abandon`.
  void give_back() { ++free_; }

  /// Nobody waits for the look-up any more, but it runs on.
  void abandon(TimePoint now) { abandoned_.push_back(now + kAbandonedHold); }

  /// From when on `take` can succeed; nothing while every slot is held by a look-up that somebody
  /// waits for.
  [[nodiscard]] std::optional<TimePoint> next_free() const {
    if (free_ > 0) return TimePoint{};
    return abandoned_.empty() ? std::nullopt : std::optional(abandoned_.front());
  }

 private:
  std::size_t free_;
  std::deque<TimePoint> abandoned_;  ///< when each frees its slot, the earliest first
};

}  // namespace hookline::detail
