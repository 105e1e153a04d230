#pragma once

#include "hookline/delivery_store.hpp"
#include "store/memory_tables.hpp"

namespace hookline::detail {

/// `DeliveryStore::exchange`, all but `StoreReply::paused`.
[[nodiscard]] StoreReply exchange(MemoryTables& tables, const StoreWork& work);

}  // namespace hookline::detail
