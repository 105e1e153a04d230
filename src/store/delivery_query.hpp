#pragma once

#include <cstddef>

#include "base/fail.hpp"
#include "hookline/delivery.hpp"
#include "hookline/result.hpp"

namespace hookline::detail {

/// Whether a delivery is what is asked for, wherever it stands in the list.
[[nodiscard]] inline bool matches(const DeliveryQuery& query, const Delivery& delivery) {
  return (!query.id || *query.id == delivery.id) &&
         (!query.tenant || *query.tenant == delivery.tenant) &&
         (!query.webhook_id || *query.webhook_id == delivery.webhook_id) &&
         (!query.import_id || *query.import_id == delivery.import_id) &&
         (!query.message_id || *query.message_id == delivery.message_id) &&
         (!query.status || *query.status == delivery.status);
}

/// Only ids greater than this one can match.
[[nodiscard]] inline DeliveryId start_of(const DeliveryQuery& query) {
  return query.id && *query.id > query.after ? *query.id - 1 : query.after;
}

[[nodiscard]] inline bool is_past(const DeliveryQuery& query, DeliveryId id) {
  return query.id && *query.id < id;
}

[[nodiscard]] inline Result<void> check_limit(std::size_t limit) {
  if (limit >= 1 && limit <= 1000) return {};
  return fail(ErrorCode::invalid_query, "limit: {} is not 1 to 1000", limit);
}

/// Everything is never taken off by a query that was left empty.
[[nodiscard]] inline Result<void> check_discard(const DeliveryQuery& query) {
  const bool names_something =
      query.id || query.tenant || query.webhook_id || query.import_id || query.message_id;
  if (names_something) return check_limit(query.limit);
  return fail(ErrorCode::invalid_query,
              "query: it names nothing, and would discard everything; set id, tenant, webhook_id, "
              "import_id or message_id");
}

}  // namespace hookline::detail
