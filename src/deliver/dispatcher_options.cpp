#include "deliver/dispatcher_options.hpp"

#include <fmt/format.h>

#include "base/fail.hpp"
#include "base/retry_schedule.hpp"

namespace hookline::detail {
namespace {

using std::chrono::milliseconds;

template <class T>
void check_range(std::string& faults, std::string_view name, T value, T min, T max) {
  if (value >= min && value <= max) return;
  faults +=
      fmt::format("{}{}: {} is not {} to {}", faults.empty() ? "" : "; ", name, value, min, max);
}

void check_retention(std::string& faults, const Retention& retention) {
  constexpr milliseconds::rep kTenYears = 10 * 365 * 24 * 3600;
  const auto check_seconds = [&](std::string_view name, std::chrono::seconds time,
                                 std::chrono::seconds least) {
    check_range(faults, name, time.count(), least.count(), kTenYears);
  };
  const std::chrono::seconds none{0};
  check_seconds("retention.delivered in s", retention.delivered, none);
  check_seconds("retention.exhausted_and_discarded in s", retention.exhausted_and_discarded, none);
  check_seconds("retention.pending in s", retention.pending, std::chrono::seconds(1));
  if (retention.bodies) check_seconds("retention.bodies in s", *retention.bodies, none);
  check_seconds("retention.idempotency_keys in s", retention.idempotency_keys,
                std::chrono::hours(24));
}

}  // namespace

Result<void> check(const DispatcherOptions& options) {
  std::string faults;
  if (options.store_file.empty() == (options.store == nullptr)) {
    faults =
        "store_file: name a file that events are kept in, or set store, to a MemoryStore where "
        "losing them with the process will do; one of the two";
  }
  check_range(faults, "retry_jitter", options.retry_jitter, 0.0, 1.0);
  check_range(faults, "connect_timeout in ms", options.connect_timeout.count(),
              milliseconds::rep{1}, milliseconds::rep{3'600'000});
  check_range(faults, "request_timeout in ms", options.request_timeout.count(),
              milliseconds::rep{1}, milliseconds::rep{3'600'000});
  check_range<std::size_t>(faults, "max_in_flight", options.max_in_flight, 1, 10'000);
  check_range<std::size_t>(faults, "max_in_flight_per_webhook", options.max_in_flight_per_webhook,
                           1, 1'000);
  check_range<std::size_t>(faults, "observer_queue", options.observer_queue, 1, 100'000'000);
  check_range<std::size_t>(faults, "async_queue", options.async_queue, 1, 100'000'000);
  check_retention(faults, options.retention);
  for (const std::string& fault : retry_schedule_faults(options.retry_schedule)) {
    faults += (faults.empty() ? "" : "; ") + fault;
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
