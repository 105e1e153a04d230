#include "store/memory_lanes.hpp"

#include <algorithm>
#include <unordered_set>
#include <utility>

#include "deliver/delivery_record.hpp"

namespace hookline::detail {
namespace {

/// When a lane is to be listed: when its first delivery is due, not before its hold ends.
std::optional<DueTime> listing_of(const LaneRow& lane) {
  if (lane.waiting.empty() || lane.hold == DueTime::max()) return std::nullopt;
  return std::max(lane.waiting.begin()->first, lane.hold);
}

bool is_failed(const DeliveryRow& row) {
  return row.record.status == DeliveryStatus::exhausted ||
         row.record.status == DeliveryStatus::discarded;
}

LaneStats stats_of(const LaneRow& lane) {
  const DeliveryCounts counts = lane.tally.counts();
  LaneStats stats;
  stats.id = lane.number;
  stats.tenant = lane.key.tenant;
  stats.webhook_id = lane.key.webhook_id;
  stats.origin = lane.key.origin;
  stats.pending = counts.pending;
  stats.in_flight = counts.in_flight;
  stats.oldest_unfinished = counts.oldest_unfinished;
  if (lane.failing_since) stats.failing_since = to_system_time(*lane.failing_since);
  return stats;
}

}  // namespace

LaneRow& MemoryLanes::at(const LaneKey& key) {
  if (LaneRow* known = find(key)) return *known;
  TenantRow& tenant = tenants_[key.tenant];
  if (tenant.lanes++ == 0) {
    tenant.name = key.tenant;
    tenant.turn = ++last_turn_;
  }
  LaneRow& lane = lanes_[++last_lane_];
  lane.key = key;
  lane.number = last_lane_;
  lane.tenant = &tenant;
  by_key_.emplace(key, &lane);
  index(lane);
  return lane;
}

LaneRow* MemoryLanes::find(const LaneKey& key) {
  const auto found = by_key_.find(key);
  return found == by_key_.end() ? nullptr : found->second;
}

const TenantRow* MemoryLanes::tenant(const std::string& name) const {
  const auto found = tenants_.find(name);
  return found == tenants_.end() ? nullptr : &found->second;
}

void MemoryLanes::enter(const DeliveryRow& row) {
  LaneRow& lane = *row.lane;
  if (row.record.status == DeliveryStatus::pending) {
    lane.waiting.emplace_hint(lane.waiting.end(), row.at, row.record.id);
  } else if (is_failed(row)) {
    lane.failed.insert(row.record.id);
  }
}

void MemoryLanes::leave(const DeliveryRow& row) {
  LaneRow& lane = *row.lane;
  if (row.record.status == DeliveryStatus::pending) {
    lane.waiting.erase({row.at, row.record.id});
  } else if (is_failed(row)) {
    lane.failed.erase(row.record.id);
  }
  if (lane.blocked_by == row.record.id) {
    lane.hold = DueTime::min();
    lane.blocked_by.reset();
  }
}

void MemoryLanes::count(const DeliveryRow& row, Standing from, Standing to) {
  LaneRow& lane = *row.lane;
  lane.tally.move(row, from, to);
  lane.tenant->tally.move(row, from, to);
  index(lane);
}

void MemoryLanes::hold(LaneRow& lane, DueTime until) {
  lane.hold = until;
  lane.blocked_by.reset();
  index(lane);
}

void MemoryLanes::hold_for(LaneRow& lane, const DeliveryRow& blocking) {
  hold(lane, blocking.at);
  lane.blocked_by = blocking.record.id;
}

void MemoryLanes::end_holds() {
  for (auto& [number, lane] : lanes_) {
    if (lane.hold != DueTime::min()) hold(lane, DueTime::min());
  }
}

/// A tenant that was served goes behind those that have been due since, so that one with thousands
/// of lanes crowds nobody out, neither in one round nor over many small ones.
std::vector<LaneKey> MemoryLanes::list(const StoreWork& work) {
  const std::unordered_set<std::string> full(work.full_tenants.begin(), work.full_tenants.end());
  std::vector<LaneKey> due;
  auto place = turns_.begin();
  while (due.size() < work.list_lanes && place != turns_.end() && place->first.first <= work.now) {
    const Turn turn = place->first;
    TenantRow& tenant = *place->second;
    if (full.count(tenant.name) == 0) {
      LaneRow& lane = lanes_.at(tenant.listings.begin()->second);
      due.push_back(lane.key);
      tenant.served = work.now;
      tenant.turn = ++last_turn_;
      hold(lane, work.lease_until);
    }
    place = turns_.upper_bound(turn);
  }
  return due;
}

std::optional<DueTime> MemoryLanes::next_listing(
    const std::vector<std::string>& full_tenants) const {
  const std::unordered_set<std::string> full(full_tenants.begin(), full_tenants.end());
  const auto next = std::find_if(turns_.begin(), turns_.end(), [&](const auto& turn) {
    return full.count(turn.second->name) == 0;
  });
  return next == turns_.end() ? std::nullopt : std::optional(next->first.first);
}

void MemoryLanes::forget_idle(DueTime now) {
  while (!idle_.empty() && idle_.begin()->first <= now) {
    forget(lanes_.at(idle_.begin()->second));
  }
}

void MemoryLanes::forget_empty(const std::vector<std::uint64_t>& lanes) {
  for (const std::uint64_t number : lanes) {
    const auto found = lanes_.find(number);
    if (found != lanes_.end() && found->second.idle) forget(found->second);
  }
}

void MemoryLanes::forget_empty_of(const std::string& tenant) {
  for (auto place = idle_.begin(); place != idle_.end();) {
    LaneRow& lane = lanes_.at(place->second);
    ++place;
    if (lane.key.tenant == tenant) forget(lane);
  }
}

LanePage MemoryLanes::page(const LaneQuery& query) const {
  LanePage page;
  for (auto row = lanes_.upper_bound(query.after); row != lanes_.end(); ++row) {
    const LaneRow& lane = row->second;
    if (lane.tally.unfinished().empty()) continue;
    if (query.tenant && *query.tenant != lane.key.tenant) continue;
    if (page.lanes.size() == query.limit) {
      page.next = page.lanes.back().id;
      break;
    }
    page.lanes.push_back(stats_of(lane));
  }
  return page;
}

/// Brings the places of a lane up to date with what it has and how it is held.
void MemoryLanes::index(LaneRow& lane) {
  move(lane.tenant->listings, lane.number, lane.listed, listing_of(lane));
  move(idle_, lane.number, lane.idle, lane.tally.empty() ? std::optional(lane.hold) : std::nullopt);
  index_tenant(*lane.tenant);
}

void MemoryLanes::index_tenant(TenantRow& tenant) {
  std::optional<Turn> turn;
  if (!tenant.listings.empty()) {
    turn = Turn(std::max(tenant.listings.begin()->first, tenant.served), tenant.turn);
  }
  if (turn == tenant.in_turn) return;
  if (tenant.in_turn) turns_.erase(*tenant.in_turn);
  if (turn) turns_.emplace(*turn, &tenant);
  tenant.in_turn = turn;
}

void MemoryLanes::forget(LaneRow& lane) {
  TenantRow& tenant = *lane.tenant;
  move(idle_, lane.number, lane.idle, std::nullopt);
  by_key_.erase(LaneKey(lane.key));
  lanes_.erase(lane.number);
  if (--tenant.lanes == 0) tenants_.erase(std::string(tenant.name));
}

}  // namespace hookline::detail
