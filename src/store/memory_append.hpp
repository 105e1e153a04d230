#pragma once

#include "hookline/delivery_store.hpp"
#include "store/memory_tables.hpp"

namespace hookline::detail {

/// `DeliveryStore::append` of one event.
[[nodiscard]] Result<AppendedEvent> append(MemoryTables& tables, NewEvent event,
                                           const Quotas& quotas);

}  // namespace hookline::detail
