#include "hookline/delivery.hpp"

#include <algorithm>
#include <utility>

#include "deliver/delivery_record.hpp"

namespace hookline {

std::string_view to_string(DeliveryStatus status) {
  switch (status) {
    case DeliveryStatus::pending:
      return "pending";
    case DeliveryStatus::in_flight:
      return "in_flight";
    case DeliveryStatus::delivered:
      return "delivered";
    case DeliveryStatus::exhausted:
      return "exhausted";
    case DeliveryStatus::discarded:
      return "discarded";
  }
  return "unknown";
}

DeliveryStore::~DeliveryStore() = default;

// NOLINTNEXTLINE(performance-unnecessary-value-param): those that override it keep the function
std::shared_ptr<void> DeliveryStore::on_foreign_write(std::function<void()>) { return nullptr; }

namespace detail {

DeliveryStatus status_after(Outcome::Kind kind) {
  switch (kind) {
    case Outcome::Kind::delivered:
      return DeliveryStatus::delivered;
    case Outcome::Kind::exhausted:
      return DeliveryStatus::exhausted;
    case Outcome::Kind::discarded:
      return DeliveryStatus::discarded;
    case Outcome::Kind::retry:
    case Outcome::Kind::released:
      return DeliveryStatus::pending;
  }
  return DeliveryStatus::pending;
}

const std::string& error_of(const Outcome& outcome, const Attempt& attempt) {
  return outcome.reason.empty() ? attempt.error : outcome.reason;
}

std::chrono::system_clock::time_point to_system_time(DueTime due) {
  using WallDuration = std::chrono::system_clock::duration;
  return std::chrono::system_clock::time_point(
      std::chrono::duration_cast<WallDuration>(due.time_since_epoch()));
}

DispatchReceipt with_ids(DispatchReceipt receipt, const std::vector<DeliveryId>& ids) {
  const std::size_t count = std::min(receipt.deliveries.size(), ids.size());
  for (std::size_t i = 0; i < count; ++i) receipt.deliveries[i].id = ids[i];
  return receipt;
}

Delivery record_of(Claim claim) {
  Delivery delivery;
  delivery.id = claim.id;
  delivery.message_id = std::move(claim.message_id);
  delivery.tenant = std::move(claim.lane.tenant);
  delivery.import_id = std::move(claim.import_id);
  delivery.event = claim.event;
  delivery.webhook_id = std::move(claim.lane.webhook_id);
  delivery.status = DeliveryStatus::in_flight;
  delivery.attempts = claim.attempts;
  delivery.created_at = claim.created_at;
  delivery.replay_of = claim.replay_of;
  return delivery;
}

void apply(const Outcome& outcome, Delivery& delivery) {
  delivery.status = status_after(outcome.kind);
  delivery.next_attempt_at.reset();
  if (delivery.status == DeliveryStatus::pending) {
    delivery.next_attempt_at = to_system_time(outcome.due);
  } else {
    delivery.finished_at = outcome.at;
  }
  if (outcome.attempt) {
    delivery.attempts = outcome.attempt->number;
    delivery.url = outcome.attempt->url;
    delivery.http_status = outcome.attempt->http_status;
    delivery.error = error_of(outcome, *outcome.attempt);
  } else if (!outcome.reason.empty()) {
    delivery.error = outcome.reason;
  }
}

bool is_finished(DeliveryStatus status) {
  return status == DeliveryStatus::delivered || status == DeliveryStatus::exhausted ||
         status == DeliveryStatus::discarded;
}

}  // namespace detail
}  // namespace hookline
