#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "hookline/delivery_store.hpp"
#include "hookline/transport.hpp"

namespace hookline::detail {

/// Whether a failure says that nobody was reached at all. A receiver that takes the connection and
/// then hangs or breaks it off was.
[[nodiscard]] inline bool is_unreachable(const HttpResult& result) {
  if (result || result.error().connected) return false;
  const FailureClass failure = result.error().failure;
  return failure == FailureClass::dns || failure == FailureClass::connect ||
         failure == FailureClass::timeout;
}

/// Tells a sender that has lost its network from receivers that are down: it is offline when three
/// different origins could not be reached and no answer has come from anybody in between. From then
/// on one probe goes out from time to time, until somebody answers.
class Reachability {
 public:
  static constexpr std::size_t kOrigins = 3;
  static constexpr std::chrono::seconds kFirstProbe{1};
  static constexpr std::chrono::seconds kLongestProbe{10};

  [[nodiscard]] bool offline() const { return unreachable_.size() >= kOrigins; }
  [[nodiscard]] DueTime probe_at() const { return probe_at_; }
  [[nodiscard]] std::chrono::seconds probe_interval() const { return interval_; }
  /// Grows with every answer: what failed under another number is old news.
  [[nodiscard]] std::uint64_t period() const { return period_; }

  /// True if the sender had been offline.
  bool answered() {
    const bool back = offline();
    unreachable_.clear();
    ++period_;
    return back;
  }

  /// True if with this the sender is offline.
  bool failed(std::string origin, DueTime now) {
    const bool known =
        std::find(unreachable_.begin(), unreachable_.end(), origin) != unreachable_.end();
    if (offline() || known) return false;
    unreachable_.push_back(std::move(origin));
    interval_ = kFirstProbe;
    probe_at_ = now + interval_;
    return offline();
  }

  void probed(DueTime now) {
    interval_ = std::min(2 * interval_, kLongestProbe);
    probe_at_ = now + interval_;
  }

 private:
  std::vector<std::string> unreachable_;  ///< origins, since the last answer; at most `kOrigins`
  std::uint64_t period_ = 1;
  std::chrono::seconds interval_ = kFirstProbe;
  DueTime probe_at_ = DueTime::min();
};

}  // namespace hookline::detail
