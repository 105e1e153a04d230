#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <vector>

#include "deliver/lane.hpp"
#include "hookline/webhook_registry.hpp"

namespace hookline::detail {

/// The webhook that a lane's deliveries go to as it is now; null if it is gone, which it also is
/// when its id has come to belong to another tenant.
[[nodiscard]] std::shared_ptr<const Webhook> webhook_of(const WebhookRegistry& registry,
                                                        const LaneKey& lane);

/// Answers the core from the registry, and with the dispatcher's defaults where a webhook has
/// nothing of its own. Usable from many threads at once.
class RegistryLanes final : public LaneDirectory {
 public:
  RegistryLanes(const WebhookRegistry& registry, std::size_t max_in_flight,
                std::vector<std::chrono::milliseconds> schedule);

  [[nodiscard]] LaneSettings settings(const LaneKey& lane) const override;
  [[nodiscard]] std::vector<std::chrono::milliseconds> retry_schedule(
      const LaneKey& lane) const override;

 private:
  const WebhookRegistry& registry_;
  const std::size_t max_in_flight_;
  const std::vector<std::chrono::milliseconds> schedule_;
};

}  // namespace hookline::detail
