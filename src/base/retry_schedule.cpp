#include "base/retry_schedule.hpp"

#include <fmt/format.h>

#include <cstddef>

namespace hookline::detail {
namespace {

constexpr std::size_t kMaxTries = 50;
constexpr std::chrono::milliseconds kMaxDelay = std::chrono::hours(24 * 7);

}  // namespace

std::vector<std::string> retry_schedule_faults(
    const std::vector<std::chrono::milliseconds>& schedule) {
  if (schedule.empty() || schedule.size() > kMaxTries) {
    return {fmt::format("retry_schedule: {} tries are not 1 to {}; leave it out for the default",
                        schedule.size(), kMaxTries)};
  }
  std::vector<std::string> faults;
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    if (schedule[i] >= schedule[i].zero() && schedule[i] <= kMaxDelay) continue;
    faults.push_back(fmt::format(
        "retry_schedule[{}]: {} ms is not 0 to 7 days; a delay counts from the try before", i,
        schedule[i].count()));
  }
  return faults;
}

}  // namespace hookline::detail
