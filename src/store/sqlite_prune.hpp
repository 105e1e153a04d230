#pragma once

#include <optional>
#include <vector>

#include "store/sqlite_tables.hpp"

namespace hookline::detail {

/// Removes, or discards, up to `work.prune` records that are older than `work.retention` says.
/// Gives those that it has discarded.
[[nodiscard]] std::vector<Delivery> prune(SqliteTables& tables, const StoreWork& work);

/// When a record will next be older than `retention` says.
[[nodiscard]] std::optional<DueTime> next_prune(SqliteTables& tables, const Retention& retention);

}  // namespace hookline::detail
