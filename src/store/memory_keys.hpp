#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "hookline/delivery_store.hpp"
#include "store/memory_room.hpp"

namespace hookline::detail {

/// The idempotency keys of a memory store, each with the receipt that a repetition is answered
/// with. They outlive their events, and are not touched by what becomes of them.
class MemoryKeys {
 public:
  /// Refers to `room`, which must outlive it.
  explicit MemoryKeys(MemoryRoom& room) : room_(room) {}

  /// The receipt of the first dispatch under this key; null if the key is new, or has expired by
  /// `now`. `idempotency_conflict`.
  [[nodiscard]] Result<const DispatchReceipt*> find(const std::string& tenant,
                                                    const IdempotencyKey& key, DueTime now) const;
  /// REQUIRES: `find` finds nothing.
  void put(const std::string& tenant, IdempotencyKey key, const DispatchReceipt& receipt);
  [[nodiscard]] static std::size_t size_of(const std::string& tenant, const IdempotencyKey& key,
                                           const DispatchReceipt& receipt);

  /// Removes up to `limit` keys of a tenant, or of one of its imports; false if more are left.
  bool erase(const EraseQuery& query, std::size_t limit);

  [[nodiscard]] std::optional<DueTime> next_expiry() const;
  /// REQUIRES: there is a key.
  void forget_next();

 private:
  using Name = std::pair<std::string, std::string>;  ///< tenant, key
  struct Row {
    IdempotencyKey key;
    DispatchReceipt receipt;
    Weight weight;
  };
  using Rows = std::map<Name, Row>;

  Rows::iterator forget(Rows::iterator row);

  MemoryRoom& room_;
  Rows rows_;
  std::set<std::pair<DueTime, Name>> expiries_;
};

}  // namespace hookline::detail
