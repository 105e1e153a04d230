#pragma once

#include <cstddef>
#include <string>

#include "hookline/delivery_store.hpp"
#include "store/memory_tables.hpp"

namespace hookline::detail {

// The functions of `DeliveryStore` that have these names.

[[nodiscard]] Result<Delivery> replay(MemoryTables& tables, DeliveryId id, const Moment& now);
[[nodiscard]] Result<StoreBite> recover(MemoryTables& tables, const RecoverQuery& query,
                                        const Moment& now);
[[nodiscard]] Result<StoreBite> discard(MemoryTables& tables, DeliveryQuery query,
                                        const std::string& reason, const Moment& now);
[[nodiscard]] Result<StoreBite> erase(MemoryTables& tables, const EraseQuery& query,
                                      std::size_t limit);

}  // namespace hookline::detail
