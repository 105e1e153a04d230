#pragma once

#include <optional>
#include <string>
#include <vector>

#include "hookline/delivery.hpp"
#include "hookline/event.hpp"
#include "hookline/result.hpp"

namespace hookline {

/// A delivery that a dispatch has made durable.
struct AcceptedDelivery {
  DeliveryId id = 0;
  std::string webhook_id;  ///< empty: the basic webhook
  /// Set if it has ended already, as `exhausted`: the URL of a basic webhook cannot be used.
  std::optional<Error> refused;
};

/// What `Dispatcher::dispatch` has accepted.
struct DispatchReceipt {
  std::string message_id;  ///< the `webhook-id` that every receiver sees
  std::string import_id;
  Event event = Event::import_completed;
  std::vector<AcceptedDelivery> deliveries;  ///< none, if nobody wants to know
  /// Set if the headless document was refused and the event goes out with `"headless":null`.
  std::optional<Error> headless_error;
  /// The idempotency key had been used for the same import: this is the receipt of that dispatch,
  /// and nothing has changed.
  bool repeated = false;
};

}  // namespace hookline
