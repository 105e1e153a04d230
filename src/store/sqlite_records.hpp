#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "hookline/delivery_store.hpp"
#include "store/sqlite_connection.hpp"

namespace hookline::detail {

/// Reading, from inside a transaction or outside. Failures stick to the connection.

[[nodiscard]] std::optional<Delivery> read_delivery(SqliteConnection& db, DeliveryId id);
[[nodiscard]] std::vector<Attempt> read_attempts(SqliteConnection& db, DeliveryId id);

/// Ids of the deliveries that a query asks for, oldest first, at most `count`. `unfinished` leaves
/// out those with an outcome and takes the place of `query.status`.
[[nodiscard]] std::vector<DeliveryId> find_ids(SqliteConnection& db, const DeliveryQuery& query,
                                               std::size_t count, bool unfinished = false);

[[nodiscard]] std::vector<LaneStats> read_lanes(SqliteConnection& db, const LaneQuery& query,
                                                std::size_t count);
[[nodiscard]] DeliveryCounts read_counts(SqliteConnection& db,
                                         const std::optional<std::string>& tenant);
/// Whether a delivery up to this id has no outcome yet.
[[nodiscard]] bool has_unfinished(SqliteConnection& db, DeliveryId up_to);

}  // namespace hookline::detail
