#pragma once

#include <vector>

#include "hookline/webhook_store.hpp"
#include "store/sqlite_tables.hpp"

namespace hookline::detail {

// What `WebhookStore` promises, in a transaction.
[[nodiscard]] WebhookChanges read_webhooks(SqliteConnection& db, std::uint64_t since);
[[nodiscard]] Result<std::uint64_t> write_webhooks(SqliteTables& tables,
                                                   const std::vector<WebhookWrite>& writes);

}  // namespace hookline::detail
