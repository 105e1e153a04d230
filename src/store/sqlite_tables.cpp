#include "store/sqlite_tables.hpp"

#include <algorithm>

#include "deliver/delivery_record.hpp"

namespace hookline::detail {

namespace {

constexpr const char* kById =
    "SELECT id,event,lane,tenant,status,due,lease,lost,size,basic,taken_off,was_due,phase FROM "
    "delivery WHERE id=?1";
constexpr const char* kByFeed =
    "SELECT id,event,lane,tenant,status,due,lease,lost,size,basic,taken_off,was_due,phase FROM "
    "feed CROSS JOIN delivery ON id=c1";

SqliteRow read_row(const SqliteRows& rows) {
  SqliteRow row;
  row.id = static_cast<DeliveryId>(rows.integer(0));
  row.event = rows.integer(1);
  row.lane = rows.integer(2);
  row.tenant = rows.integer(3);
  row.status = static_cast<DeliveryStatus>(rows.integer(4));
  row.due = rows.integer(5);
  row.lease = static_cast<std::uint64_t>(rows.integer(6));
  row.lost = static_cast<std::uint32_t>(rows.integer(7));
  row.size = static_cast<std::uint64_t>(rows.integer(8));
  row.basic = rows.integer(9) != 0;
  if (!rows.is_null(10)) row.taken_off = rows.text(10);
  row.was_due = rows.integer(11);
  row.fresh = rows.is_null(12);
  return row;
}

}  // namespace

void SqliteTables::begin() {
  now = DueTime::min();
  bodies_.clear();
  counters.begin();
}

bool SqliteTables::is_full() const {
  constexpr std::size_t kMost = 10'000;
  return lanes.lanes_known() + counters.tenants_known() > kMost;
}

void SqliteTables::flush() {
  write_new();
  flush_events();
  lanes.flush();
  counters.flush(now);
}

void SqliteTables::write_new() {
  db.run_for(new_events, "INSERT OR FAIL INTO event SELECT c1,c2,c3,c4,c5,c6,c7,c8,c9 FROM feed");
  db.run_for(new_bodies, "INSERT OR FAIL INTO body SELECT c1,c2 FROM feed");
  db.run_for(new_deliveries,
             "INSERT OR FAIL INTO delivery(id,event,lane,tenant,basic,phase,status,due,was_due,"
             "lease,owner,size,accepted,created,ended,finished,replay_of,error,address) "
             "SELECT c1,c2,c3,c4,c5,c6,c7,c8,c9,c10,c11,c12,c13,c14,c15,c16,c17,c18,c19 FROM feed");
}

void SqliteTables::flush_events() {
  std::sort(progress_.begin(), progress_.end(),
            [](const Progress& one, const Progress& other) { return one.event < other.event; });
  SqliteFeed events;
  for (auto first = progress_.begin(); first != progress_.end();) {
    const std::int64_t event = first->event;
    std::int64_t finished = 0;
    Micros ended = kAlways;
    for (; first != progress_.end() && first->event == event; ++first) {
      ++finished;
      ended = std::max(ended, first->ended);
    }
    events.add(event, finished, ended);
  }
  progress_.clear();
  db.run_for(events,
             "UPDATE OR FAIL event SET unfinished=unfinished-c2,ended=max(ended,c3) FROM feed "
             "WHERE id=c1");
}

std::optional<SqliteRow> SqliteTables::find(DeliveryId id) {
  SqliteRows rows = db.query(kById, id);
  if (!rows.next()) return std::nullopt;
  return read_row(rows);
}

std::unordered_map<DeliveryId, SqliteRow> SqliteTables::find_all(
    const std::vector<DeliveryId>& ids) {
  SqliteFeed wanted;
  for (const DeliveryId id : ids) wanted.add(id);
  std::unordered_map<DeliveryId, SqliteRow> found;
  found.reserve(ids.size());
  SqliteRows rows = db.query_for(wanted, kByFeed);
  while (rows.next()) {
    SqliteRow row = read_row(rows);
    found.emplace(row.id, std::move(row));
  }
  return found;
}

void SqliteTables::entered(const SqliteRow& row) {
  counters.enter(row.tenant, row.status, row.size);
  SqliteLane& lane = lanes.at(row.lane);
  ++lane.deliveries;
  lanes.enter(lane, row.status, row.due);
}

void SqliteTables::set_waiting(SqliteRow& row, Micros due) {
  db.run("UPDATE delivery SET status=0,due=?2,lost=?3,owner=NULL WHERE id=?1", row.id, due,
         row.lost);
  moved(row, DeliveryStatus::pending, due, 0);
}

void SqliteTables::set_leased(SqliteRow& row, Micros until) {
  row.was_due = row.due;
  db.run("UPDATE delivery SET status=1,due=?2,was_due=?3,lease=?4,owner=?5 WHERE id=?1", row.id,
         until, row.was_due, ++row.lease, instance);
  moved(row, DeliveryStatus::in_flight, until, 0);
}

void SqliteTables::set_discarded(SqliteRow& row, const std::string& reason, const Moment& at) {
  db.run(
      "UPDATE delivery SET status=4,phase=3,error=?2,ended=?3,finished=?4,owner=NULL,"
      "taken_off=NULL WHERE id=?1",
      row.id, reason, at.due, at.wall);
  moved(row, DeliveryStatus::discarded, row.due, to_micros(at.due));
}

void SqliteTables::moved(SqliteRow& row, DeliveryStatus status, Micros due, Micros ended) {
  SqliteLane& lane = lanes.at(row.lane);
  lanes.leave(lane, row.status, row.due);
  lanes.enter(lane, status, due);
  if (lane.blocked_by == static_cast<std::int64_t>(row.id)) lane.end_hold();
  if (status != row.status) {
    counters.leave(row.tenant, row.status, row.size);
    counters.enter(row.tenant, status, row.size);
  }
  row.status = status;
  row.due = due;
  if (row.fresh && !is_finished(status)) {
    db.run("UPDATE delivery SET phase=0 WHERE id=?1", row.id);
    row.fresh = false;
  }
  if (is_finished(status)) {
    progress_.push_back({row.event, ended});
  }
}

void SqliteTables::remove(const SqliteRow& row) {
  SqliteLane& lane = lanes.at(row.lane);
  lanes.leave(lane, row.status, row.due);
  --lane.deliveries;
  if (lane.blocked_by == static_cast<std::int64_t>(row.id)) lane.end_hold();
  counters.leave(row.tenant, row.status, row.size);
  db.run("DELETE FROM attempt WHERE id>=?1*1024 AND id<(?1+1)*1024", row.id);
  db.run("DELETE FROM delivery WHERE id=?1", row.id);
  if (!is_finished(row.status)) {
    db.run("UPDATE event SET unfinished=unfinished-1 WHERE id=?1", row.event);
  }
  forget_event_if_empty(row.event);
}

void SqliteTables::forget_event_if_empty(std::int64_t event) {
  const auto count = db.value("SELECT deliveries FROM event WHERE id=?1", event);
  if (!count || db.failed()) return;
  if (db.value("SELECT 1 FROM delivery WHERE id>=?1 AND id<?1+?2 LIMIT 1", event, *count)) return;
  if (db.value("SELECT 1 FROM delivery WHERE event=?1 AND replay_of IS NOT NULL LIMIT 1", event)) {
    return;
  }
  db.run("DELETE FROM body WHERE id IN (?1*2,?1*2+1)", event);
  db.run("DELETE FROM event WHERE id=?1", event);
}

std::shared_ptr<const std::string> SqliteTables::body(std::int64_t event, bool basic) {
  std::shared_ptr<const std::string>& body = bodies_[body_id(event, basic)];
  if (!body) {
    SqliteRows rows = db.query("SELECT bytes FROM body WHERE id=?1", body_id(event, basic));
    if (rows.next()) body = std::make_shared<const std::string>(rows.text(0));
  }
  return body;
}

}  // namespace hookline::detail
