#include "store/sqlite_records.hpp"

#include <algorithm>
#include <map>

#include "deliver/delivery_record.hpp"

namespace hookline::detail {
namespace {

std::optional<int> maybe_int(const SqliteRows& rows, int column) {
  const auto value = rows.maybe_integer(column);
  return value ? std::optional(static_cast<int>(*value)) : std::nullopt;
}

Attempt attempt_of(const SqliteRows& rows) {
  Attempt attempt;
  attempt.number = static_cast<std::uint32_t>(rows.integer(0));
  attempt.started_at = to_wall(rows.integer(1));
  attempt.duration = std::chrono::milliseconds(rows.integer(2));
  attempt.http_status = maybe_int(rows, 3);
  if (const auto failure = rows.maybe_integer(4)) {
    attempt.failure = static_cast<FailureClass>(*failure);
  }
  attempt.error = rows.text(5);
  attempt.url = rows.text(6);
  attempt.response_body = rows.text(7);
  return attempt;
}

/// Of some deliveries, the one that came first, and when it was made.
struct First {
  std::int64_t id = kNever;
  Micros created = 0;

  /// The next of `rows` has an id and a time, if there is one.
  void consider(SqliteRows rows) {
    if (rows.next() && rows.integer(0) < id) *this = {rows.integer(0), rows.integer(1)};
  }
  [[nodiscard]] std::optional<std::chrono::system_clock::time_point> time() const {
    return id == kNever ? std::nullopt : std::optional(to_wall(created));
  }
};

/// By lane, of the fresh deliveries, which are in no index of those that are open.
using FreshLanes = std::map<std::int64_t, First>;

FreshLanes read_fresh_lanes(SqliteConnection& db, std::optional<std::int64_t> tenant,
                            std::int64_t after) {
  FreshLanes lanes;
  SqliteRows rows = db.query(
      "SELECT lane,id,created FROM delivery INDEXED BY delivery_lease WHERE status=1 AND phase IS "
      "NULL AND lane>?1 AND (?2 IS NULL OR tenant=?2)",
      after, tenant);
  while (rows.next()) {
    First& first = lanes[rows.integer(0)];
    if (rows.integer(1) < first.id) first = {rows.integer(1), rows.integer(2)};
  }
  return lanes;
}

LaneStats stats_of(SqliteConnection& db, const SqliteRows& rows, const FreshLanes& fresh) {
  LaneStats stats;
  stats.id = static_cast<std::uint64_t>(rows.integer(0));
  stats.tenant = rows.text(1);
  stats.webhook_id = rows.text(2);
  stats.origin = rows.text(3);
  stats.pending = static_cast<std::uint64_t>(rows.integer(4));
  stats.in_flight = static_cast<std::uint64_t>(rows.integer(5));
  if (const auto since = rows.maybe_integer(6)) {
    stats.failing_since = to_system_time(to_due(*since));
  }
  const auto known = fresh.find(rows.integer(0));
  First oldest = known == fresh.end() ? First() : known->second;
  oldest.consider(
      db.query("SELECT id,created FROM delivery INDEXED BY delivery_lane WHERE phase=0 AND lane=?1 "
               "ORDER BY id LIMIT 1",
               stats.id));
  stats.oldest_unfinished = oldest.time();
  return stats;
}

/// The next lane that has something unfinished. Over all tenants, the deliveries say which: a jump
/// through their index costs less than keeping one of lanes.
std::optional<std::int64_t> next_busy(SqliteConnection& db, std::optional<std::int64_t> tenant,
                                      std::int64_t after, const FreshLanes& fresh) {
  auto next =
      tenant
          ? db.value("SELECT id FROM lane WHERE busy=1 AND tenant=?1 AND id>?2 ORDER BY id LIMIT 1",
                     *tenant, after)
          : db.value(
                "SELECT lane FROM delivery INDEXED BY delivery_lane WHERE phase=0 AND lane>?1 "
                "ORDER BY lane LIMIT 1",
                after);
  const auto also = fresh.upper_bound(after);
  if (also != fresh.end()) next = std::min(next.value_or(also->first), also->first);
  return next;
}

DeliveryCounts counts_of(const SqliteRows& rows) {
  DeliveryCounts counts;
  int column = 0;
  for (std::uint64_t* each : {&counts.pending, &counts.in_flight, &counts.delivered,
                              &counts.exhausted, &counts.discarded, &counts.pending_bytes}) {
    *each = static_cast<std::uint64_t>(rows.integer(column++));
  }
  return counts;
}

}  // namespace

std::optional<Delivery> read_delivery(SqliteConnection& db, DeliveryId id) {
  SqliteRows rows = db.query(
      "SELECT e.message,t.name,e.import,e.kind,l.webhook,d.url,d.status,d.attempts,d.http_status,"
      "d.error,d.created,d.due,d.finished,d.replay_of FROM delivery d JOIN event e ON e.id=d.event "
      "JOIN lane l ON l.id=d.lane JOIN tenant t ON t.id=d.tenant WHERE d.id=?1",
      id);
  if (!rows.next()) return std::nullopt;
  Delivery delivery;
  delivery.id = id;
  delivery.message_id = rows.text(0);
  delivery.tenant = rows.text(1);
  delivery.import_id = rows.text(2);
  delivery.event = static_cast<Event>(rows.integer(3));
  delivery.webhook_id = rows.text(4);
  delivery.url = rows.text(5);
  delivery.status = static_cast<DeliveryStatus>(rows.integer(6));
  delivery.attempts = static_cast<std::uint32_t>(rows.integer(7));
  delivery.http_status = maybe_int(rows, 8);
  delivery.error = rows.text(9);
  delivery.created_at = to_wall(rows.integer(10));
  if (delivery.status == DeliveryStatus::pending) {
    delivery.next_attempt_at = to_system_time(to_due(rows.integer(11)));
  }
  if (const auto finished = rows.maybe_integer(12)) delivery.finished_at = to_wall(*finished);
  if (const auto original = rows.maybe_integer(13)) {
    delivery.replay_of = static_cast<DeliveryId>(*original);
  }
  return delivery;
}

std::vector<Attempt> read_attempts(SqliteConnection& db, DeliveryId id) {
  std::vector<Attempt> attempts;
  SqliteRows rows = db.query(
      "SELECT number,started,duration,http_status,failure,error,url,response FROM attempt "
      "WHERE id>=?1*1024 AND id<(?1+1)*1024 ORDER BY id",
      id);
  while (rows.next()) attempts.push_back(attempt_of(rows));
  return attempts;
}

std::vector<LaneStats> read_lanes(SqliteConnection& db, const LaneQuery& query, std::size_t count) {
  std::vector<LaneStats> lanes;
  std::optional<std::int64_t> tenant;
  if (query.tenant) {
    tenant = db.value("SELECT id FROM tenant WHERE name=?1", *query.tenant);
    if (!tenant) return lanes;
  }
  auto last = static_cast<std::int64_t>(query.after);
  const FreshLanes fresh = read_fresh_lanes(db, tenant, last);
  while (lanes.size() < count) {
    const auto next = next_busy(db, tenant, last, fresh);
    if (!next) break;
    last = *next;
    SqliteRows rows = db.query(
        "SELECT l.id,t.name,l.webhook,l.origin,l.pending,l.in_flight,l.failing_since FROM lane l "
        "JOIN tenant t ON t.id=l.tenant WHERE l.id=?1",
        last);
    if (rows.next()) lanes.push_back(stats_of(db, rows, fresh));
  }
  return lanes;
}

DeliveryCounts read_counts(SqliteConnection& db, const std::optional<std::string>& tenant) {
  DeliveryCounts counts;
  First oldest;
  if (!tenant) {
    SqliteRows rows = db.query(
        "SELECT pending,in_flight,delivered,exhausted,discarded,bytes FROM store WHERE id=1");
    if (rows.next()) counts = counts_of(rows);
    oldest.consider(
        db.query("SELECT id,created FROM delivery INDEXED BY delivery_phase WHERE phase=0 ORDER BY "
                 "id LIMIT 1"));
    oldest.consider(
        db.query("SELECT id,created FROM delivery INDEXED BY delivery_lease WHERE status=1 ORDER "
                 "BY id LIMIT 1"));
  } else {
    SqliteRows rows = db.query(
        "SELECT pending,in_flight,delivered,exhausted,discarded,bytes,id FROM tenant WHERE name=?1",
        *tenant);
    if (!rows.next()) return counts;
    counts = counts_of(rows);
    const std::int64_t id = rows.integer(6);
    oldest.consider(db.query(
        "SELECT id,created FROM delivery INDEXED BY delivery_lease WHERE status=1 AND tenant=?1 "
        "ORDER BY id LIMIT 1",
        id));
    for (const int basic : {0, 1}) {
      oldest.consider(db.query(
          "SELECT id,created FROM delivery INDEXED BY delivery_tenant WHERE phase=0 AND tenant=?1 "
          "AND basic=?2 ORDER BY id LIMIT 1",
          id, basic));
    }
  }
  counts.oldest_unfinished = oldest.time();
  return counts;
}

bool has_unfinished(SqliteConnection& db, DeliveryId up_to) {
  const auto waiting = db.value(
      "SELECT 1 FROM delivery INDEXED BY delivery_phase WHERE phase=0 AND id<=?1 LIMIT 1", up_to);
  if (waiting) return true;
  const auto leased = db.value(
      "SELECT 1 FROM delivery INDEXED BY delivery_lease WHERE status=1 AND id<=?1 LIMIT 1", up_to);
  return leased.has_value();
}

}  // namespace hookline::detail
