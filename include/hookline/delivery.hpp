#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hookline/event.hpp"
#include "hookline/export.hpp"
#include "hookline/transport.hpp"

namespace hookline {

/// Names a delivery within its store. Ids grow in the order in which deliveries became durable.
using DeliveryId = std::uint64_t;

/// Where a delivery stands. The last three are outcomes: every delivery ends in exactly one.
enum class DeliveryStatus {
  pending,    ///< waits for its time, or for its webhook to be enabled
  in_flight,  ///< claimed by a dispatcher: a request is out, or about to be
  delivered,  ///< a 2xx came back
  exhausted,  ///< the schedule ended, or the failure was permanent
  discarded   ///< taken off; `Delivery::error` says why
};

/// The name of the enumerator.
[[nodiscard]] HOOKLINE_API std::string_view to_string(DeliveryStatus status);

/// One event for one webhook.
struct Delivery {
  DeliveryId id = 0;
  std::string message_id;  ///< the `webhook-id` header; the same for every receiver of the event
  std::string tenant;
  std::string import_id;
  Event event = Event::import_completed;
  std::string webhook_id;  ///< empty: the basic webhook of the import
  std::string url;         ///< of the last attempt, without its query; empty before the first

  DeliveryStatus status = DeliveryStatus::pending;
  std::uint32_t attempts = 0;      ///< those that counted
  std::optional<int> http_status;  ///< of the last answer, if the last attempt got one
  std::string error;               ///< why the last attempt failed, or why it was discarded

  std::chrono::system_clock::time_point created_at{};
  std::optional<std::chrono::system_clock::time_point> next_attempt_at;  ///< while pending
  std::optional<std::chrono::system_clock::time_point> finished_at;
  std::optional<DeliveryId> replay_of;  ///< the delivery that this one repeats
};

/// One request of a delivery and what came of it.
struct Attempt {
  std::uint32_t number = 0;  ///< 1 is the first
  std::chrono::system_clock::time_point started_at{};
  std::chrono::milliseconds duration{0};
  std::string url;  ///< without its query
  std::optional<int> http_status;
  std::optional<FailureClass> failure;  ///< set if no answer came
  std::string error;                    ///< empty after a 2xx
  std::string response_body;            ///< the first KiB of the answer, untrusted
};

/// Which deliveries to list; every field that is set must hold. Oldest first.
struct DeliveryQuery {
  std::optional<DeliveryId> id;
  std::optional<std::string> tenant;
  std::optional<std::string> webhook_id;  ///< an empty one asks for basic webhooks
  std::optional<std::string> import_id;
  std::optional<std::string> message_id;
  std::optional<DeliveryStatus> status;
  DeliveryId after = 0;     ///< only ids greater than this one
  std::size_t limit = 100;  ///< 1 to 1000
};

struct DeliveryPage {
  std::vector<Delivery> deliveries;
  std::optional<DeliveryId> next;  ///< `after` of the next page; absent on the last one
};

/// How many deliveries stand where, in all or of one tenant.
struct DeliveryCounts {
  std::uint64_t pending = 0;
  std::uint64_t in_flight = 0;
  std::uint64_t delivered = 0;
  std::uint64_t exhausted = 0;
  std::uint64_t discarded = 0;
  std::uint64_t pending_bytes = 0;  ///< the bodies that are still to be sent; see `Quotas`
  /// When the oldest delivery that is not finished was accepted.
  std::optional<std::chrono::system_clock::time_point> oldest_unfinished;
};

/// The deliveries of one webhook, or the basic ones of one tenant to one origin, that are not
/// finished: they share limits and turns.
struct LaneStats {
  std::uint64_t id = 0;  ///< orders lanes and names a place in their list; not the same for ever
  std::string tenant;
  std::string webhook_id;  ///< empty: basic webhooks
  std::string origin;      ///< of basic webhooks: `https://host:port`
  std::uint64_t pending = 0;
  std::uint64_t in_flight = 0;
  std::optional<std::chrono::system_clock::time_point> oldest_unfinished;
  /// Since when every try has failed; absent if the last one succeeded.
  std::optional<std::chrono::system_clock::time_point> failing_since;
};

/// Which lanes to list: those with something that is not finished.
struct LaneQuery {
  std::optional<std::string> tenant;
  std::uint64_t after = 0;  ///< only ids greater than this one
  std::size_t limit = 100;  ///< 1 to 1000
};

struct LanePage {
  std::vector<LaneStats> lanes;
  std::optional<std::uint64_t> next;  ///< `after` of the next page; absent on the last one
};

/// What to erase for privacy: everything of a tenant, or of one of its imports.
struct EraseQuery {
  std::string tenant;
  std::optional<std::string> import_id;
};

}  // namespace hookline
