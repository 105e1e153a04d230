#include "store/sqlite_lanes.hpp"

#include <algorithm>
#include <tuple>
#include <unordered_set>
#include <utility>

namespace hookline::detail {
namespace {

constexpr const char* kById =
    "SELECT l.id,l.tenant,t.name,l.webhook,l.origin,l.pending,l.in_flight,l.deliveries,"
    "l.head,l.hold,l.holder,l.blocked_by,l.failing_since,l.listed_at,l.empty,l.busy FROM lane l "
    "JOIN tenant t ON t.id=l.tenant WHERE l.id=?1";
constexpr const char* kByKey =
    "SELECT l.id,l.tenant,t.name,l.webhook,l.origin,l.pending,l.in_flight,l.deliveries,"
    "l.head,l.hold,l.holder,l.blocked_by,l.failing_since,l.listed_at,l.empty,l.busy FROM lane l "
    "JOIN tenant t ON t.id=l.tenant WHERE l.tenant=?1 AND l.webhook=?2 AND l.origin=?3";

/// When it is to be listed: when its first delivery is due, not before its hold ends.
std::optional<Micros> listing_of(const SqliteLane& lane) {
  if (!lane.head || lane.hold == kNever) return std::nullopt;
  return std::max(*lane.head, lane.hold.value_or(kAlways));
}

bool operator==(const SqliteLane::Place& one, const SqliteLane::Place& other) {
  const auto all = [](const SqliteLane::Place& place) {
    return std::tie(place.hold, place.holder, place.blocked_by, place.listed_at, place.empty,
                    place.busy);
  };
  return all(one) == all(other);
}

}  // namespace

void SqliteLane::set_hold(Micros until, std::optional<std::int64_t> by) {
  dirty = true;
  hold.reset();
  holder.reset();
  blocked_by.reset();
  if (until == kAlways) return;
  hold = until;
  holder = by;
}

void SqliteLane::block(Micros until, std::int64_t delivery) {
  set_hold(until, std::nullopt);
  blocked_by = delivery;
}

SqliteLane::Place SqliteLane::place() const {
  return {hold, holder, blocked_by, listing_of(*this), deliveries == 0, busy};
}

SqliteLane* SqliteLanes::find(const LaneKey& key) {
  const auto known = ids_.find(key);
  if (known != ids_.end()) return &touch(lanes_.at(known->second));
  const auto tenant = counters_.find_tenant(key.tenant);
  if (!tenant) return nullptr;
  SqliteRows rows = db_.query(kByKey, *tenant, key.webhook_id, key.origin);
  return load(rows);
}

SqliteLane& SqliteLanes::at(const LaneKey& key) {
  if (SqliteLane* lane = find(key)) return *lane;
  const std::int64_t tenant = counters_.tenant_at(key.tenant);
  db_.run("INSERT INTO lane(id,tenant,webhook,origin) VALUES(?1,?2,?3,?4)", counters_.next_turn(),
          tenant, key.webhook_id, key.origin);
  if (SqliteLane* lane = find(key)) return *lane;
  return lanes_[0];  // the connection has failed: nothing of this will be written
}

SqliteLane& SqliteLanes::at(std::int64_t id) {
  const auto known = lanes_.find(id);
  if (known != lanes_.end()) return touch(known->second);
  SqliteRows rows = db_.query(kById, id);
  if (SqliteLane* lane = load(rows)) return *lane;
  db_.fail_as_corrupt("a delivery has no lane");
  return lanes_[0];
}

/// One that is known already stays as it is: it may have changed since it was read.
SqliteLane* SqliteLanes::load(SqliteRows& rows) {
  if (!rows.next()) return nullptr;
  const auto [known, added] = lanes_.try_emplace(rows.integer(0));
  SqliteLane& lane = touch(known->second);
  if (!added) return &lane;
  lane.id = rows.integer(0);
  lane.tenant = rows.integer(1);
  lane.key = {rows.text(2), rows.text(3), rows.text(4)};
  lane.pending = rows.integer(5);
  lane.in_flight = rows.integer(6);
  lane.deliveries = rows.integer(7);
  lane.head = rows.maybe_integer(8);
  lane.hold = rows.maybe_integer(9);
  lane.holder = rows.maybe_integer(10);
  lane.blocked_by = rows.maybe_integer(11);
  lane.failing_since = rows.maybe_integer(12);
  lane.busy = rows.integer(15) != 0;
  lane.written = {
      lane.hold, lane.holder, lane.blocked_by, rows.maybe_integer(13), rows.integer(14) != 0,
      lane.busy};
  ids_.emplace(lane.key, lane.id);
  return &lane;
}

SqliteLane& SqliteLanes::touch(SqliteLane& lane) {
  if (!lane.touched) touched_.push_back(&lane);
  lane.touched = true;
  return lane;
}

void SqliteLanes::enter(SqliteLane& lane, DeliveryStatus status, Micros due) {
  if (status == DeliveryStatus::in_flight) ++lane.in_flight;
  if (status == DeliveryStatus::pending) {
    ++lane.pending;
    lane.busy = true;
    if (lane.head_known) lane.head = std::min(lane.head.value_or(kNever), due);
  }
  lane.dirty = true;
}

void SqliteLanes::leave(SqliteLane& lane, DeliveryStatus status, Micros due) {
  if (status == DeliveryStatus::in_flight) --lane.in_flight;
  if (status == DeliveryStatus::pending) {
    --lane.pending;
    if (lane.head_known && due <= lane.head.value_or(kAlways)) lane.head_known = false;
  }
  lane.dirty = true;
}

std::optional<Micros> SqliteLanes::head(SqliteLane& lane) {
  if (!lane.head_known) {
    lane.head = db_.value(
        "SELECT due FROM delivery INDEXED BY delivery_due WHERE lane=?1 AND status=0 ORDER BY due "
        "LIMIT 1",
        lane.id);
    lane.head_known = true;
  }
  return lane.head;
}

// --- Holds and turns -----------------------------------------------------------------------------

/// In bites, since any number of lanes may be held.
void SqliteLanes::end_holds_of(std::optional<std::int64_t> instance) {
  flush();
  std::vector<std::int64_t> held;
  do {
    held.clear();
    {
      SqliteRows rows = db_.query(
          "SELECT id FROM lane INDEXED BY lane_holder WHERE hold IS NOT NULL AND holder IS ?1 "
          "LIMIT 256",
          instance);
      while (rows.next()) held.push_back(rows.integer(0));
    }
    for (const std::int64_t id : held) at(id).end_hold();
    flush();
  } while (!held.empty() && !db_.failed());
}

/// A tenant's place in the order in which tenants are served.
struct SqliteLanes::Turn {
  Micros at = kAlways;
  std::int64_t number = -1;
  std::int64_t tenant = 0;
  std::string name;
};

std::optional<SqliteLanes::Turn> SqliteLanes::next_turn(const Turn& after) {
  SqliteRows rows = db_.query(
      "SELECT turn_at,turn,id,name FROM tenant WHERE turn_at IS NOT NULL AND "
      "(turn_at,turn)>(?1,?2) ORDER BY turn_at,turn LIMIT 1",
      after.at, after.number);
  if (!rows.next()) return std::nullopt;
  return Turn{rows.integer(0), rows.integer(1), rows.integer(2), rows.text(3)};
}

/// A tenant that was served goes behind those that have been due since, so that one with thousands
/// of lanes crowds nobody out, neither in one round nor over many small ones.
std::vector<LaneKey> SqliteLanes::list(const StoreWork& work, std::int64_t instance) {
  flush();
  const std::unordered_set<std::string> full(work.full_tenants.begin(), work.full_tenants.end());
  const Micros now = now_micros(work.now);
  std::vector<LaneKey> due;
  std::optional<Turn> turn;
  if (work.list_lanes > 0) turn = next_turn({});
  while (turn && turn->at <= now && due.size() < work.list_lanes) {
    if (full.count(turn->name) == 0) due.push_back(serve(*turn, work, instance));
    turn = next_turn(*turn);
  }
  return due;
}

LaneKey SqliteLanes::serve(const Turn& turn, const StoreWork& work, std::int64_t instance) {
  const auto id = db_.value(
      "SELECT id FROM lane WHERE tenant=?1 AND listed_at IS NOT NULL ORDER BY listed_at,id LIMIT 1",
      turn.tenant);
  db_.run("UPDATE tenant SET served=?2,turn=?3 WHERE id=?1", turn.tenant, now_micros(work.now),
          counters_.next_turn());
  SqliteLane& lane = at(id.value_or(0));
  lane.set_hold(to_micros(work.lease_until), instance);
  flush();
  refresh_turn(turn.tenant);
  return lane.key;
}

std::optional<Micros> SqliteLanes::next_listing(const std::vector<std::string>& full_tenants) {
  flush();
  const std::unordered_set<std::string> full(full_tenants.begin(), full_tenants.end());
  std::optional<Turn> turn = next_turn({});
  while (turn && full.count(turn->name) > 0) turn = next_turn(*turn);
  return turn ? std::optional(turn->at) : std::nullopt;
}

// --- Writing and forgetting ----------------------------------------------------------------------

void SqliteLanes::flush() {
  for (SqliteLane* lane : touched_) {
    lane->touched = false;
    if (lane->dirty) write(*lane);
  }
  touched_.clear();
  db_.run_for(counts_,
              "UPDATE OR FAIL lane SET pending=c2,in_flight=c3,deliveries=c4,head=c5,"
              "failing_since=c6 FROM feed WHERE id=c1");
}

void SqliteLanes::write(SqliteLane& lane) {
  static_cast<void>(head(lane));
  if (lane.pending + lane.in_flight == 0) lane.busy = false;
  const SqliteLane::Place before = std::exchange(lane.written, lane.place());
  const SqliteLane::Place& place = lane.written;
  lane.dirty = false;
  if (place == before) {
    counts_.add(lane.id, lane.pending, lane.in_flight, lane.deliveries, lane.head,
                lane.failing_since);
    return;
  }
  db_.run(
      "UPDATE lane SET pending=?2,in_flight=?3,deliveries=?4,head=?5,failing_since=?6,hold=?7,"
      "holder=?8,blocked_by=?9,listed_at=?10,empty=?11,busy=?12 WHERE id=?1",
      lane.id, lane.pending, lane.in_flight, lane.deliveries, lane.head, lane.failing_since,
      place.hold, place.holder, place.blocked_by, place.listed_at, place.empty, place.busy);
  if (place.listed_at != before.listed_at) refresh_turn(lane.tenant);
}

void SqliteLanes::refresh_turn(std::int64_t tenant) {
  db_.run(
      "UPDATE tenant SET turn_at=max(served,(SELECT listed_at FROM lane WHERE tenant=?1 AND "
      "listed_at IS NOT NULL ORDER BY listed_at LIMIT 1)) WHERE id=?1",
      tenant);
}

void SqliteLanes::forget_idle(Micros now) {
  flush();
  std::vector<std::pair<std::int64_t, std::int64_t>> idle;
  const auto collect = [&](SqliteRows rows) {
    while (rows.next()) idle.emplace_back(rows.integer(0), rows.integer(1));
  };
  collect(db_.query("SELECT id,tenant FROM lane WHERE empty=1 AND hold IS NULL LIMIT 64"));
  collect(db_.query("SELECT id,tenant FROM lane WHERE empty=1 AND hold<=?1 LIMIT 64", now));
  for (const auto& [lane, tenant] : idle) {
    db_.run("DELETE FROM lane WHERE id=?1", lane);
    forget(lane);
    counters_.forget_tenant_if_unused(tenant);
  }
}

void SqliteLanes::forget_empty(const std::vector<std::int64_t>& lanes) {
  flush();
  for (const std::int64_t id : lanes) {
    db_.run("DELETE FROM lane WHERE id=?1 AND empty=1", id);
    forget(id);
  }
}

/// REQUIRES: `flush`, and that nobody has touched it since.
void SqliteLanes::forget(std::int64_t id) {
  const auto known = lanes_.find(id);
  if (known == lanes_.end()) return;
  ids_.erase(known->second.key);
  lanes_.erase(known);
}

void SqliteLanes::forget_empty_of(std::int64_t tenant) {
  flush();
  db_.run("DELETE FROM lane INDEXED BY lane_empty WHERE tenant=?1 AND empty=1", tenant);
  lanes_.clear();
  ids_.clear();
  counters_.forget_tenant_if_unused(tenant);
}

}  // namespace hookline::detail
