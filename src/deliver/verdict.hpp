#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hookline/delivery_store.hpp"
#include "hookline/transport.hpp"

namespace hookline::detail {

/// What an attempt means for its delivery. `released`: it does not count.
struct Verdict {
  Outcome::Kind kind = Outcome::Kind::delivered;
  std::chrono::milliseconds delay{0};  ///< before the next try, for `retry`
  bool gone = false;                   ///< the receiver wants no more events: 410
  /// The receiver asks for a pause from everything that goes to it: a 429 or 503 with
  /// `retry-after`.
  std::optional<std::chrono::milliseconds> pause;
  std::string error;  ///< empty for `delivered`
};

struct VerdictInput {
  const HttpResult& result;
  std::uint32_t attempts = 0;  ///< that counted, this one included
  const std::vector<std::chrono::milliseconds>& schedule;
  double stretch = 1.0;  ///< the jitter drawn for this delay: 0.8 to 1.2 with 20 %
  std::chrono::system_clock::time_point wall_now{};
};

/// Judges an attempt. Only a 2xx succeeds. 410 and failures that cannot get better end the
/// delivery; everything else is tried again until the schedule has no more entries, never earlier
/// than a `retry-after` asks.
[[nodiscard]] Verdict judge(const VerdictInput& input);

/// The delay that a `retry-after` header asks for (RFC 9110, 10.2.3): seconds, or a date in one of
/// the three forms of RFC 9110, 5.6.7. 0 to 24 hours; nothing if it is neither.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(
    std::string_view value, std::chrono::system_clock::time_point wall_now);

}  // namespace hookline::detail
