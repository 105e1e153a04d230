#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "deliver/event_builder.hpp"
#include "deliver/runner.hpp"

namespace hookline::detail {

/// What an operator asks of the deliveries that are there: each command works on the store, in
/// bites, and tells the runner what has changed. Usable from many threads at once.
class Commands {
 public:
  Commands(const WebhookRegistry& registry, DeliveryStore& store, const EventBuilder& events,
           Runner& runner)
      : registry_(registry), store_(store), events_(events), runner_(runner) {}

  [[nodiscard]] Result<Delivery> replay(DeliveryId id);
  [[nodiscard]] Result<std::uint64_t> recover(std::string_view webhook_id,
                                              std::chrono::system_clock::time_point since);
  [[nodiscard]] Result<std::uint64_t> discard(DeliveryQuery query, std::string reason);
  [[nodiscard]] Result<std::uint64_t> erase(const EraseQuery& query);
  [[nodiscard]] Result<void> set_paused(bool paused);
  [[nodiscard]] Result<Delivery> send_test(std::string_view webhook_id);

 private:
  const WebhookRegistry& registry_;
  DeliveryStore& store_;
  const EventBuilder& events_;
  Runner& runner_;
};

}  // namespace hookline::detail
