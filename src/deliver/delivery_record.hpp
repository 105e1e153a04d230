#pragma once

#include <memory>
#include <string>
#include <vector>

#include "hookline/delivery.hpp"
#include "hookline/delivery_store.hpp"

namespace hookline::detail {

inline constexpr const char* kWebhookRemoved = "the webhook was removed";

/// The system time that a due time stands for, as long as no jump of the wall clock came between.
[[nodiscard]] std::chrono::system_clock::time_point to_system_time(DueTime due);

/// What a delivery of this event sends; null if the event has no such body.
[[nodiscard]] inline const std::shared_ptr<const std::string>& body_of(
    const NewEvent& event, const NewDelivery& delivery) {
  return delivery.lane.webhook_id.empty() ? event.basic_body : event.managed_body;
}

/// The receipt of an event, with the ids that its deliveries were given.
[[nodiscard]] DispatchReceipt with_ids(DispatchReceipt receipt, const std::vector<DeliveryId>& ids);

/// The public record of a claimed delivery.
[[nodiscard]] Delivery record_of(Claim claim);

[[nodiscard]] DeliveryStatus status_after(Outcome::Kind kind);

/// Why a delivery failed or ended: the reason, or else the error of the attempt.
[[nodiscard]] const std::string& error_of(const Outcome& outcome, const Attempt& attempt);

/// Brings a record up to date with what became of its claim. The core's notices and every store use
/// this one, so that they tell the same story.
void apply(const Outcome& outcome, Delivery& delivery);

[[nodiscard]] bool is_finished(DeliveryStatus status);

}  // namespace hookline::detail
