#include "store/sqlite_exchange.hpp"

#include <algorithm>
#include <utility>

#include "store/lease_loss.hpp"
#include "store/sqlite_claim.hpp"
#include "store/sqlite_outcomes.hpp"
#include "store/sqlite_prune.hpp"

namespace hookline::detail {
namespace {

// --- Leases and holds ----------------------------------------------------------------------------

void end_lease(SqliteTables& tables, DeliveryId id, const Moment& now) {
  std::optional<SqliteRow> row = tables.find(id);
  if (!row) return;
  if (row->taken_off) return tables.set_discarded(*row, *row->taken_off, now);
  // One that was claimed early, to be discarded, is no sooner due for that.
  const Micros due = std::max(row->was_due, later(to_micros(now.due), delay_after_loss(row->lost)));
  ++row->lost;
  tables.set_waiting(*row, due);
}

std::vector<DeliveryId> ids_of(SqliteRows rows) {
  std::vector<DeliveryId> ids;
  while (rows.next()) ids.push_back(static_cast<DeliveryId>(rows.integer(0)));
  return ids;
}

/// An instance's clock ends its own leases alone: that of another one may be ahead. Whether that
/// one lives is told by its lock.
void end_leases(SqliteTables& tables, const Moment& now) {
  constexpr std::size_t kBite = 256;
  std::vector<DeliveryId> ended;
  do {
    ended =
        ids_of(tables.db.query("SELECT id FROM delivery INDEXED BY delivery_lease WHERE status=1 "
                               "AND due<=?1 AND owner=?3 ORDER BY due,id LIMIT ?2",
                               now_micros(now.due), kBite, tables.instance));
    for (const DeliveryId id : ended) end_lease(tables, id, now);
  } while (ended.size() == kBite && !tables.db.failed());
}

/// What an instance held that lives no more is free at once, without waiting for a clock.
void take_over(SqliteTables& tables, std::int64_t dead, const Moment& now) {
  const std::vector<DeliveryId> leased = ids_of(tables.db.query(
      "SELECT id FROM delivery INDEXED BY delivery_lease WHERE status=1 AND owner=?1", dead));
  for (const DeliveryId id : leased) end_lease(tables, id, now);
  tables.lanes.end_holds_of(dead);
  tables.db.run("DELETE FROM instance WHERE number=?1", dead);
}

void hold(SqliteTables& tables, const LaneHold& hold) {
  SqliteLane* known = tables.lanes.find(hold.lane);
  if (known == nullptr && hold.until == DueTime::min()) return;
  SqliteLane& lane = known != nullptr ? *known : tables.lanes.at(hold.lane);
  const Micros until = to_micros(hold.until);
  // Written only if it changes something.
  const bool changes = lane.hold.value_or(kAlways) != until || lane.blocked_by ||
                       (until != kAlways && lane.holder != tables.instance);
  if (changes) lane.set_hold(until, tables.instance);
  if (hold.fresh && lane.failing_since) {
    lane.failing_since.reset();
    lane.dirty = true;
  }
}

// --- What comes next -----------------------------------------------------------------------------

std::optional<DueTime> next_due(SqliteTables& tables, const StoreWork& work) {
  std::optional<Micros> next = tables.lanes.next_listing(work.full_tenants);
  const auto lease_ends = tables.db.value(
      "SELECT due FROM delivery INDEXED BY delivery_lease WHERE status=1 AND owner=?1 ORDER BY due "
      "LIMIT 1",
      tables.instance);
  if (lease_ends) next = std::min(next.value_or(*lease_ends), *lease_ends);
  return next ? std::optional(to_due(*next)) : std::nullopt;
}

}  // namespace

StoreReply exchange_work(SqliteTables& tables, const StoreWork& work,
                         const std::vector<std::int64_t>& dead) {
  StoreReply reply;
  const Moment now{work.now, work.wall};
  tables.now = std::max(tables.now, work.now);
  if (work.first) {
    tables.lanes.end_holds_of(tables.instance);
    tables.lanes.end_holds_of(std::nullopt);
  }
  // Outcomes come before the end of leases: one that is just in time counts.
  reply.recorded = SqliteOutcomes(tables, work.now).record(work.outcomes);
  for (const std::int64_t instance : dead) take_over(tables, instance, now);
  end_leases(tables, now);
  for (const LaneHold& each : work.holds) hold(tables, each);
  for (const LaneClaim& wish : work.claims) {
    reply.claimed.push_back(claim_lane(tables, wish, work));
  }
  reply.due_lanes = tables.lanes.list(work, tables.instance);
  reply.pruned = prune(tables, work);
  tables.lanes.forget_idle(now_micros(work.now));
  reply.next_due = next_due(tables, work);
  reply.next_prune = next_prune(tables, work.retention);
  reply.paused = tables.counters.paused();
  return reply;
}

}  // namespace hookline::detail
