#pragma once

#include <string>

#include "store/sqlite_tables.hpp"

namespace hookline::detail {

// The commands of `DeliveryStore`, inside a transaction.

[[nodiscard]] Result<Delivery> replay_delivery(SqliteTables& tables, DeliveryId id,
                                               const Moment& now);
[[nodiscard]] Result<StoreBite> recover_lane(SqliteTables& tables, const RecoverQuery& query,
                                             const Moment& now);
[[nodiscard]] Result<StoreBite> discard_deliveries(SqliteTables& tables, const DeliveryQuery& query,
                                                   const std::string& reason, const Moment& now);
[[nodiscard]] Result<StoreBite> erase_bite(SqliteTables& tables, const EraseQuery& query,
                                           std::size_t limit);

}  // namespace hookline::detail
