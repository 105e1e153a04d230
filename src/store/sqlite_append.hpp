#pragma once

#include "store/sqlite_tables.hpp"

namespace hookline::detail {

/// Stores an event with its deliveries and its idempotency key. An error leaves nothing behind. The
/// receipt of what is new is left to the caller, who has time for it when the commit is done.
[[nodiscard]] Result<AppendedEvent> append_event(SqliteTables& tables, const NewEvent& event,
                                                 const Quotas& quotas);

/// Stores a new delivery of the same event to the same lane, due now; the caller has looked that
/// the body is there.
[[nodiscard]] DeliveryId append_replay(SqliteTables& tables, const SqliteRow& original,
                                       const Moment& now);

}  // namespace hookline::detail
