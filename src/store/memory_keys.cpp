#include "store/memory_keys.hpp"

#include "base/fail.hpp"
#include "base/text.hpp"

namespace hookline::detail {

Result<const DispatchReceipt*> MemoryKeys::find(const std::string& tenant,
                                                const IdempotencyKey& key, DueTime now) const {
  const auto found = rows_.find({tenant, key.key});
  if (found == rows_.end() || found->second.key.expires <= now) return nullptr;
  if (found->second.key.fingerprint != key.fingerprint) {
    return fail(ErrorCode::idempotency_conflict,
                "idempotency_key: {} was used for another import of this tenant; give each import "
                "a key of its own, and repeat one only with the import unchanged",
                quoted(key.key));
  }
  return &found->second.receipt;
}

void MemoryKeys::put(const std::string& tenant, IdempotencyKey key,
                     const DispatchReceipt& receipt) {
  const Name name(tenant, key.key);
  if (const auto expired = rows_.find(name); expired != rows_.end()) forget(expired);
  const std::size_t bytes = size_of(tenant, key, receipt);
  expiries_.emplace(key.expires, name);
  Row& row = rows_[name];
  row.key = std::move(key);
  row.receipt = receipt;
  room_.change(row.weight, {0, bytes, true});
}

std::size_t MemoryKeys::size_of(const std::string& tenant, const IdempotencyKey& key,
                                const DispatchReceipt& receipt) {
  constexpr std::size_t kIndexes = 128;
  // The name stands in the row, in its place and among the expiries.
  std::size_t bytes = sizeof(Row) + kIndexes + 2 * tenant.size() + 3 * key.key.size() +
                      key.fingerprint.size() + receipt.message_id.size() + receipt.import_id.size();
  if (receipt.headless_error) bytes += receipt.headless_error->message.size();
  for (const AcceptedDelivery& delivery : receipt.deliveries) {
    bytes += sizeof(delivery) + delivery.webhook_id.size();
    if (delivery.refused) bytes += delivery.refused->message.size();
  }
  return bytes;
}

bool MemoryKeys::erase(const EraseQuery& query, std::size_t limit) {
  auto row = rows_.lower_bound({query.tenant, ""});
  while (row != rows_.end() && row->first.first == query.tenant) {
    if (query.import_id && *query.import_id != row->second.receipt.import_id) {
      ++row;
      continue;
    }
    if (limit-- == 0) return false;
    row = forget(row);
  }
  return true;
}

std::optional<DueTime> MemoryKeys::next_expiry() const {
  return expiries_.empty() ? std::nullopt : std::optional(expiries_.begin()->first);
}

void MemoryKeys::forget_next() { forget(rows_.find(expiries_.begin()->second)); }

MemoryKeys::Rows::iterator MemoryKeys::forget(Rows::iterator row) {
  expiries_.erase({row->second.key.expires, row->first});
  room_.change(row->second.weight, {});
  return rows_.erase(row);
}

}  // namespace hookline::detail
