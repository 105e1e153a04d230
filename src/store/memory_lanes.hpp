#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "hookline/delivery_store.hpp"
#include "store/memory_rows.hpp"

namespace hookline::detail {

/// The lanes of a memory store and their tenants: whose turn it is to be listed, and which hold is
/// on what. A lane stays as long as it has deliveries, or a hold that has not ended.
class MemoryLanes {
 public:
  /// The lane of this key, made if it is new.
  LaneRow& at(const LaneKey& key);
  [[nodiscard]] LaneRow* find(const LaneKey& key);
  [[nodiscard]] const TenantRow* tenant(const std::string& name) const;

  /// Takes a delivery into its lane's indexes, or out of them before it changes or goes: then a
  /// hold that was about it ends. REQUIRES: `count` follows.
  void enter(const DeliveryRow& row);
  void leave(const DeliveryRow& row);
  /// Counts a delivery in its lane and its tenant.
  void count(const DeliveryRow& row, Standing from, Standing to);

  void hold(LaneRow& lane, DueTime until);
  /// Until then, unless something becomes of this delivery before.
  void hold_for(LaneRow& lane, const DeliveryRow& blocking);
  void end_holds();

  /// Lanes that have something due, as `StoreWork::list_lanes` says; they are held.
  std::vector<LaneKey> list(const StoreWork& work);
  /// When a lane is next to be listed, but for those of `full_tenants`.
  [[nodiscard]] std::optional<DueTime> next_listing(
      const std::vector<std::string>& full_tenants) const;

  /// Forgets lanes without deliveries whose hold has ended.
  void forget_idle(DueTime now);
  /// Of these, or of a tenant's, those that have no deliveries, whatever their hold.
  void forget_empty(const std::vector<std::uint64_t>& lanes);
  void forget_empty_of(const std::string& tenant);

  [[nodiscard]] LanePage page(const LaneQuery& query) const;

 private:
  using Turn = std::pair<DueTime, std::uint64_t>;

  void index(LaneRow& lane);
  void index_tenant(TenantRow& tenant);
  void forget(LaneRow& lane);

  std::uint64_t last_lane_ = 0;
  std::uint64_t last_turn_ = 0;
  std::map<std::uint64_t, LaneRow> lanes_;
  std::unordered_map<LaneKey, LaneRow*, LaneKeyHash> by_key_;
  std::unordered_map<std::string, TenantRow> tenants_;
  /// Tenants with something to list, from the time at which it is due or they were served last.
  std::map<Turn, TenantRow*> turns_;
  Timetable idle_;  ///< lanes without deliveries, by the end of their hold
};

}  // namespace hookline::detail
