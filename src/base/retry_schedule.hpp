#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace hookline::detail {

/// What is wrong with the delays before tries, of a webhook or of a dispatcher: each fault with its
/// field and the way out. 1 to 50 delays of up to seven days can be used.
[[nodiscard]] std::vector<std::string> retry_schedule_faults(
    const std::vector<std::chrono::milliseconds>& schedule);

}  // namespace hookline::detail
