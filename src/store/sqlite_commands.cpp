#include "store/sqlite_commands.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/fail.hpp"
#include "store/delivery_query.hpp"
#include "store/sqlite_append.hpp"
#include "store/sqlite_records.hpp"

namespace hookline::detail {
namespace {

bool has_body(SqliteTables& tables, const SqliteRow& row) {
  return tables.db.value("SELECT 1 FROM body WHERE id=?1", body_id(row.event, row.basic))
      .has_value();
}

/// The other deliveries of an event to the same lane are in the range of those that came with it,
/// or repeat one.
bool has_later_to_same_lane(SqliteTables& tables, const SqliteRow& row) {
  if (tables.db.value("SELECT 1 FROM delivery WHERE event=?1 AND replay_of IS NOT NULL AND lane=?2 "
                      "AND id>?3 LIMIT 1",
                      row.event, row.lane, row.id)) {
    return true;
  }
  const auto count = tables.db.value("SELECT deliveries FROM event WHERE id=?1", row.event);
  const std::int64_t end = row.event + count.value_or(0);
  for (const int phase : {0, 1, 2, 3}) {
    if (tables.db.value("SELECT 1 FROM delivery INDEXED BY delivery_lane WHERE phase=?2 AND "
                        "lane=?1 AND id>?3 AND id<?4 LIMIT 1",
                        row.lane, phase, row.id, end)) {
      return true;
    }
  }
  return tables.lanes.at(row.lane).in_flight > 0 &&
         tables.db.value(
             "SELECT 1 FROM delivery INDEXED BY delivery_lease WHERE status=1 AND "
             "id>?2 AND id<?3 AND lane=?1 LIMIT 1",
             row.lane, row.id, end);
}

/// The next delivery of the lane that ended without success.
std::optional<DeliveryId> next_failed(SqliteTables& tables, std::int64_t lane, DeliveryId after,
                                      DeliveryId up_to) {
  std::optional<DeliveryId> next;
  for (const int phase : {2, 3}) {
    const auto id = tables.db.value(
        "SELECT id FROM delivery INDEXED BY delivery_lane WHERE phase=?2 AND lane=?1 AND id>?3 AND "
        "id<=?4 ORDER BY id LIMIT 1",
        lane, phase, after, up_to);
    if (!id) continue;
    next = std::min(next.value_or(static_cast<DeliveryId>(*id)), static_cast<DeliveryId>(*id));
  }
  return next;
}

bool is_recoverable(SqliteTables& tables, const SqliteRow& row, const RecoverQuery& query) {
  const auto created = tables.db.value("SELECT created FROM delivery WHERE id=?1", row.id);
  return created && *created >= to_micros(query.since) && has_body(tables, row) &&
         !has_later_to_same_lane(tables, row);
}

/// True if that ended the delivery.
bool take_off(SqliteTables& tables, DeliveryId id, const std::string& reason, const Moment& now) {
  std::optional<SqliteRow> row = tables.find(id);
  if (!row) return false;
  if (row->status == DeliveryStatus::pending) {
    tables.set_discarded(*row, reason, now);
    return true;
  }
  tables.db.run("UPDATE delivery SET taken_off=?2 WHERE id=?1", id, reason);
  SqliteLane& lane = tables.lanes.at(row->lane);
  if (lane.blocked_by == static_cast<std::int64_t>(id)) lane.end_hold();
  return false;
}

/// A bite of up to `limit` of these, which are one more if that leaves something for the next.
StoreBite bite_of(std::vector<DeliveryId>& ids, std::size_t limit) {
  StoreBite bite;
  if (ids.size() > limit) {
    ids.resize(limit);
    bite.next = ids.back();
  }
  bite.count = ids.size();
  return bite;
}

/// Up to `limit` keys; true if none is left.
bool erase_keys(SqliteTables& tables, std::int64_t tenant, const EraseQuery& query,
                std::size_t limit) {
  std::vector<std::int64_t> keys;
  const auto collect = [&](SqliteRows rows) {
    while (rows.next()) keys.push_back(rows.integer(0));
  };
  if (query.import_id) {
    collect(
        tables.db.query("SELECT id FROM idempotency INDEXED BY idempotency_import WHERE tenant=?1 "
                        "AND import=?2 ORDER BY key LIMIT ?3",
                        tenant, *query.import_id, limit + 1));
  } else {
    collect(
        tables.db.query("SELECT id FROM idempotency INDEXED BY idempotency_key WHERE tenant=?1 "
                        "ORDER BY key LIMIT ?2",
                        tenant, limit + 1));
  }
  const bool all = keys.size() <= limit;
  keys.resize(std::min(keys.size(), limit));
  for (const std::int64_t id : keys) tables.db.run("DELETE FROM idempotency WHERE id=?1", id);
  return all;
}

}  // namespace

Result<Delivery> replay_delivery(SqliteTables& tables, DeliveryId id, const Moment& now) {
  const std::optional<SqliteRow> original = tables.find(id);
  if (!original) {
    return fail(ErrorCode::delivery_not_found, "delivery: there is none with id {}", id);
  }
  if (!has_body(tables, *original)) {
    return fail(ErrorCode::body_dropped,
                "delivery: the body of {} is not kept any more; dispatch its import again, or "
                "raise Retention::bodies",
                id);
  }
  const DeliveryId added = append_replay(tables, *original, now);
  return read_delivery(tables.db, added).value_or(Delivery());
}

Result<StoreBite> recover_lane(SqliteTables& tables, const RecoverQuery& query, const Moment& now) {
  if (query.limit == 0) return fail(ErrorCode::invalid_query, "limit: 0 recovers nothing");
  StoreBite bite;
  const SqliteLane* lane = tables.lanes.find(query.lane);
  if (lane == nullptr) return bite;
  // Those that are not to be recovered take time too: so many of them end a bite as well.
  constexpr std::size_t kMostPassed = 1'000;
  std::size_t passed = 0;
  DeliveryId last = query.after;
  while (const auto id = next_failed(tables, lane->id, last, query.up_to)) {
    const std::optional<SqliteRow> row = tables.find(*id);
    const bool recovers = row && is_recoverable(tables, *row, query);
    if (recovers ? bite.count == query.limit : ++passed > kMostPassed) {
      bite.next = last;
      break;
    }
    last = *id;
    if (!recovers) continue;
    const DeliveryId added = append_replay(tables, *row, now);
    bite.deliveries.push_back(read_delivery(tables.db, added).value_or(Delivery()));
    ++bite.count;
  }
  return bite;
}

Result<StoreBite> discard_deliveries(SqliteTables& tables, const DeliveryQuery& query,
                                     const std::string& reason, const Moment& now) {
  if (auto fit = check_discard(query); !fit) return tl::unexpected(fit.error());
  std::vector<DeliveryId> ids = find_ids(tables.db, query, query.limit + 1, true);
  StoreBite bite = bite_of(ids, query.limit);
  for (const DeliveryId id : ids) {
    if (!take_off(tables, id, reason, now)) continue;
    bite.deliveries.push_back(read_delivery(tables.db, id).value_or(Delivery()));
  }
  return bite;
}

Result<StoreBite> erase_bite(SqliteTables& tables, const EraseQuery& query, std::size_t limit) {
  if (limit == 0) return fail(ErrorCode::invalid_query, "limit: 0 erases nothing");
  const auto tenant = tables.counters.find_tenant(query.tenant);
  if (!tenant) return StoreBite();
  DeliveryQuery all;
  all.tenant = query.tenant;
  all.import_id = query.import_id;
  std::vector<DeliveryId> ids = find_ids(tables.db, all, limit + 1);
  StoreBite bite = bite_of(ids, limit);
  std::vector<std::int64_t> basic_lanes;
  for (const DeliveryId id : ids) {
    const auto row = tables.find(id);
    if (!row) continue;
    tables.remove(*row);
    if (row->basic) basic_lanes.push_back(row->lane);
  }
  // The import named their origins: they go with it, whatever their hold.
  tables.lanes.forget_empty(basic_lanes);
  const bool keys_gone = erase_keys(tables, *tenant, query, limit - ids.size());
  if (!keys_gone && !bite.next) bite.next = tables.counters.newest();
  if (!query.import_id) tables.lanes.forget_empty_of(*tenant);
  tables.counters.forget_tenant_if_unused(*tenant);
  return bite;
}

}  // namespace hookline::detail
