#pragma once

#include <optional>
#include <vector>

#include "hookline/delivery_store.hpp"
#include "store/memory_tables.hpp"

namespace hookline::detail {

/// Removes or discards up to `work.prune` records that are older than `work.retention` says.
/// Returns the deliveries that it has discarded.
std::vector<Delivery> prune(MemoryTables& tables, const StoreWork& work);

/// When the next record is older than it says.
[[nodiscard]] std::optional<DueTime> next_prune(MemoryTables& tables, const Retention& retention);

}  // namespace hookline::detail
