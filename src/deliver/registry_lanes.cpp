#include "deliver/registry_lanes.hpp"

#include <utility>

namespace hookline::detail {

std::shared_ptr<const Webhook> webhook_of(const WebhookRegistry& registry, const LaneKey& lane) {
  auto webhook = registry.get(lane.webhook_id);
  return webhook && webhook->tenant == lane.tenant ? webhook : nullptr;
}

RegistryLanes::RegistryLanes(const WebhookRegistry& registry, std::size_t max_in_flight,
                             std::vector<std::chrono::milliseconds> schedule)
    : registry_(registry), max_in_flight_(max_in_flight), schedule_(std::move(schedule)) {}

LaneSettings RegistryLanes::settings(const LaneKey& lane) const {
  using State = LaneSettings::State;
  LaneSettings settings;
  settings.max_in_flight = max_in_flight_;
  if (lane.webhook_id.empty()) return settings;
  const auto webhook = webhook_of(registry_, lane);
  if (!webhook) {
    // One that was never heard of may be missing by mistake: what waits for it waits on. Its id at
    // another tenant proves that it was removed.
    const bool removed = registry_.was_removed(lane.webhook_id) || registry_.get(lane.webhook_id);
    settings.state = removed ? State::gone : State::closed;
    return settings;
  }
  settings.state = webhook->state == WebhookState::enabled ? State::open : State::closed;
  settings.max_in_flight = webhook->max_in_flight.value_or(max_in_flight_);
  settings.fifo = webhook->ordering == Ordering::fifo;
  settings.revision = webhook->revision;
  settings.changed_at = DueTime(webhook->updated_at.time_since_epoch());
  if (webhook->rate_limit) {
    const std::chrono::duration<double> spacing(1.0 / *webhook->rate_limit);
    settings.spacing = std::chrono::ceil<DueClock::duration>(spacing);
  }
  return settings;
}

std::vector<std::chrono::milliseconds> RegistryLanes::retry_schedule(const LaneKey& lane) const {
  if (lane.webhook_id.empty()) return schedule_;
  const auto webhook = webhook_of(registry_, lane);
  return webhook && webhook->retry_schedule ? *webhook->retry_schedule : schedule_;
}

}  // namespace hookline::detail
