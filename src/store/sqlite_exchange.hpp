#pragma once

#include <cstdint>
#include <vector>

#include "store/sqlite_tables.hpp"

namespace hookline::detail {

/// `DeliveryStore::exchange`. `dead` are instances that have been found to live no more: what they
/// held is free.
[[nodiscard]] StoreReply exchange_work(SqliteTables& tables, const StoreWork& work,
                                       const std::vector<std::int64_t>& dead);

}  // namespace hookline::detail
