#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "hookline/export.hpp"

namespace hookline {

/// Where a dispatcher takes time from. Steady time is waited on; system time is written down.
/// Usable from any thread. It answers at once and calls nothing of hookline: it is asked with locks
/// held.
class HOOKLINE_API Clock {
 public:
  /// Ends the calls of an `on_move` when it is destroyed.
  class HOOKLINE_API Subscription {
   public:
    virtual ~Subscription();
  };

  virtual ~Clock();
  [[nodiscard]] virtual std::chrono::steady_clock::time_point steady_now() const = 0;
  [[nodiscard]] virtual std::chrono::system_clock::time_point system_now() const = 0;

  /// Calls `moved` after each jump of a clock that is moved by hand; do not end the subscription
  /// from inside that call. The clock of the machine never jumps in steady time: the default calls
  /// nothing and returns null.
  [[nodiscard]] virtual std::unique_ptr<Subscription> on_move(std::function<void()> moved);
};

/// The clock of the machine.
[[nodiscard]] HOOKLINE_API std::shared_ptr<Clock> system_clock();

}  // namespace hookline
