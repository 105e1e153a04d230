#include "store/sqlite_claim.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace hookline::detail {
namespace {

/// Fills in what the receiver sees and leases the delivery to the caller.
Claim take(SqliteTables& tables, SqliteRow row, DueTime lease_until) {
  Claim claim;
  claim.id = row.id;
  claim.due = to_due(row.due);
  claim.lease_until = lease_until;
  {
    SqliteRows rows = tables.db.query(
        "SELECT e.message,e.import,e.kind,d.address,d.attempts,d.created,d.replay_of FROM delivery "
        "d JOIN event e ON e.id=d.event WHERE d.id=?1",
        row.id);
    if (!rows.next()) {
      tables.db.fail_as_corrupt("a delivery has no event");
      return claim;
    }
    claim.message_id = rows.text(0);
    claim.import_id = rows.text(1);
    claim.event = static_cast<Event>(rows.integer(2));
    claim.url = rows.text(3);
    claim.attempts = static_cast<std::uint32_t>(rows.integer(4));
    claim.created_at = to_wall(rows.integer(5));
    if (const auto original = rows.maybe_integer(6)) {
      claim.replay_of = static_cast<DeliveryId>(*original);
    }
  }
  claim.body = tables.body(row.event, row.basic);
  claim.lane = tables.lanes.at(row.lane).key;
  tables.set_leased(row, to_micros(lease_until));
  claim.lease = row.lease;
  return claim;
}

/// Of those whose time comes by `last`, those first that have been due longest.
void claim_those_due(SqliteTables& tables, SqliteLane& lane, std::size_t count, Micros last,
                     DueTime lease_until, ClaimedLane& claimed) {
  std::vector<DeliveryId> due;
  {
    SqliteRows rows = tables.db.query(
        "SELECT id FROM delivery INDEXED BY delivery_due WHERE lane=?1 AND status=0 AND due<=?2 "
        "ORDER BY due,id LIMIT ?3",
        lane.id, last, std::min<std::size_t>(count, 100'000));
    while (rows.next()) due.push_back(static_cast<DeliveryId>(rows.integer(0)));
  }
  for (const DeliveryId id : due) {
    if (auto row = tables.find(id)) {
      claimed.claims.push_back(take(tables, *std::move(row), lease_until));
    }
  }
  claimed.more = tables.lanes.head(lane).value_or(kNever) <= last && lane.pending > 0;
  if (!claimed.more && lane.hold) lane.end_hold();
}

std::optional<SqliteRow> head_of(SqliteTables& tables, const SqliteLane& lane) {
  auto id = tables.db.value(
      "SELECT id FROM delivery INDEXED BY delivery_lane WHERE phase=0 AND lane=?1 ORDER BY id "
      "LIMIT 1",
      lane.id);
  if (lane.in_flight > 0) {
    const auto leased = tables.db.value(
        "SELECT id FROM delivery INDEXED BY delivery_lease WHERE status=1 AND lane=?1 ORDER BY id "
        "LIMIT 1",
        lane.id);
    if (leased) id = std::min(id.value_or(*leased), *leased);
  }
  return id ? tables.find(static_cast<DeliveryId>(*id)) : std::nullopt;
}

/// Of a fifo lane: its head, or else nothing before the head has moved.
void claim_the_head(SqliteTables& tables, SqliteLane& lane, std::size_t count, Micros last,
                    DueTime lease_until, ClaimedLane& claimed) {
  std::optional<SqliteRow> head = head_of(tables, lane);
  if (head && (head->status != DeliveryStatus::pending || head->due > last)) {
    const auto id = static_cast<std::int64_t>(head->id);
    if (lane.blocked_by != id || lane.hold != head->due) lane.block(head->due, id);
    return;
  }
  if (head && count > 0) {
    claimed.claims.push_back(take(tables, *std::move(head), lease_until));
    claimed.more = lane.pending + lane.in_flight > 1;
  } else {
    claimed.more = head.has_value();
  }
  if (!claimed.more && lane.hold) lane.end_hold();
}

}  // namespace

ClaimedLane claim_lane(SqliteTables& tables, const LaneClaim& wish, const StoreWork& work) {
  ClaimedLane claimed;
  claimed.lane = wish.lane;
  SqliteLane* lane = tables.lanes.find(wish.lane);
  if (lane == nullptr) return claimed;
  const auto claim_from = wish.fifo ? claim_the_head : claim_those_due;
  claim_from(tables, *lane, wish.count, wish.early ? kNever : now_micros(work.now),
             work.lease_until, claimed);
  return claimed;
}

}  // namespace hookline::detail
