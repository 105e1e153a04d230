#include "deliver/dispatcher_options.hpp"

#include <fmt/format.h>

#include "base/fail.hpp"

namespace hookline::detail {
namespace {

using std::chrono::milliseconds;

template <class T>
void check_range(std::string& faults, std::string_view name, T value, T min, T max) {
  if (value >= min && value <= max) return;
  faults +=
      fmt::format("{}{}: {} is not {} to {}", faults.empty() ? "" : "; ", name, value, min, max);
}

}  // namespace

std::optional<std::string> retry_schedule_fault(const std::vector<milliseconds>& schedule) {
  constexpr std::size_t kMaxTries = 50;
  constexpr milliseconds kMaxDelay = std::chrono::hours(24 * 7);
  if (schedule.empty() || schedule.size() > kMaxTries) {
    return fmt::format("{} tries are not 1 to {}", schedule.size(), kMaxTries);
  }
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    if (schedule[i] >= milliseconds(0) && schedule[i] <= kMaxDelay) continue;
    return fmt::format("delay {} of {} ms is not 0 to 7 days; it counts from the try before", i,
                       schedule[i].count());
  }
  return std::nullopt;
}

Result<void> check(const DispatcherOptions& options) {
  std::string faults;
  check_range(faults, "retry_jitter", options.retry_jitter, 0.0, 1.0);
  check_range(faults, "connect_timeout in ms", options.connect_timeout.count(),
              milliseconds::rep{1}, milliseconds::rep{3'600'000});
  check_range(faults, "request_timeout in ms", options.request_timeout.count(),
              milliseconds::rep{1}, milliseconds::rep{3'600'000});
  check_range<std::size_t>(faults, "max_in_flight", options.max_in_flight, 1, 10'000);
  check_range<std::size_t>(faults, "max_in_flight_per_webhook", options.max_in_flight_per_webhook,
                           1, 1'000);
  check_range<std::size_t>(faults, "observer_queue", options.observer_queue, 1, 100'000'000);
  if (const auto fault = retry_schedule_fault(options.retry_schedule)) {
    faults += fmt::format("{}retry_schedule: {}", faults.empty() ? "" : "; ", *fault);
  }
  if (!faults.empty()) return fail(ErrorCode::invalid_options, "{}", faults);
  return {};
}

Result<std::optional<Signer>> basic_signer(const DispatcherOptions& options) {
  if (options.basic_secrets.empty()) return std::optional<Signer>();
  auto signer = Signer::from_secrets(options.basic_secrets);
  if (!signer) return fail(ErrorCode::invalid_options, "basic_{}", signer.error().message);
  return std::optional<Signer>(std::move(*signer));
}

}  // namespace hookline::detail
