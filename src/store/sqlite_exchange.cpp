#include "store/sqlite_exchange.hpp"

#include <algorithm>
#include <utility>

#include "deliver/delivery_record.hpp"
#include "store/lease_loss.hpp"
#include "store/sqlite_claim.hpp"
#include "store/sqlite_prune.hpp"

namespace hookline::detail {
namespace {

// --- Outcomes ------------------------------------------------------------------------------------

/// Only what a receiver has answered, or failed to, tells whether a lane is failing.
void note_health(SqliteLane& lane, const Outcome& outcome, DueTime now) {
  const bool failed =
      outcome.kind == Outcome::Kind::retry || outcome.kind == Outcome::Kind::exhausted;
  const std::optional<Micros> before = lane.failing_since;
  if (outcome.kind == Outcome::Kind::delivered) {
    lane.failing_since.reset();
  } else if (failed && outcome.attempt && !lane.failing_since) {
    lane.failing_since = to_micros(now);
  }
  if (lane.failing_since != before) lane.dirty = true;
}

/// Its number is its place as a rule; another of that number comes behind the last.
void insert_attempt(SqliteTables& tables, DeliveryId id, const Attempt& attempt) {
  const auto insert = [&](std::int64_t place) {
    const std::int64_t before = tables.db.total_changes();
    tables.db.run("INSERT OR IGNORE INTO attempt VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9)", place,
                  attempt.number, attempt.started_at, attempt.duration.count(), attempt.http_status,
                  attempt.failure, attempt.error, attempt.url, Blob{attempt.response_body});
    return tables.db.total_changes() != before;
  };
  const auto place = static_cast<std::int64_t>(id * 1024 + std::min(attempt.number, 1023u));
  if (insert(place) || tables.db.failed()) return;
  const auto last = tables.db.value(
      "SELECT id FROM attempt WHERE id>=?1*1024 AND id<(?1+1)*1024 ORDER BY id DESC LIMIT 1", id);
  static_cast<void>(insert(last.value_or(place) + 1));
}

void write_outcome(SqliteTables& tables, SqliteRow& row, const Outcome& outcome, DueTime now) {
  Delivery record;
  apply(outcome, record);
  const bool over = is_finished(record.status);
  const Micros due = over ? row.due : to_micros(outcome.due);
  const std::optional<DueTime> ended = over ? std::optional(now) : std::nullopt;
  if (outcome.attempt && over) {
    tables.db.run(
        "UPDATE delivery SET status=?2,phase=?3,due=?4,ended=?5,finished=?6,owner=NULL,attempts=?7,"
        "http_status=?8,error=?9,url=?10 WHERE id=?1",
        row.id, record.status, phase_of(record.status), due, ended, record.finished_at,
        record.attempts, record.http_status, record.error, record.url);
  } else if (outcome.attempt) {
    // A column that is named has all of its indexes written anew, even if it stays as it is: the
    // phase is not named.
    tables.db.run(
        "UPDATE delivery SET status=?2,due=?3,owner=NULL,attempts=?4,http_status=?5,error=?6,"
        "url=?7 WHERE id=?1",
        row.id, record.status, due, record.attempts, record.http_status, record.error, record.url);
  } else {
    const auto error = record.error.empty() ? std::nullopt : std::optional(record.error);
    tables.db.run(
        "UPDATE delivery SET status=?2,phase=?3,due=?4,ended=?5,finished=?6,owner=NULL,"
        "error=ifnull(?7,error) WHERE id=?1",
        row.id, record.status, phase_of(record.status), due, ended, record.finished_at, error);
  }
  if (outcome.attempt) insert_attempt(tables, row.id, *outcome.attempt);
  tables.moved(row, record.status, due, to_micros(now));
}

RecordedOutcome record(SqliteTables& tables, const Outcome& outcome, DueTime now) {
  RecordedOutcome recorded;
  std::optional<SqliteRow> row = tables.find(outcome.claim.id);
  if (!row || row->status != DeliveryStatus::in_flight || row->lease != outcome.claim.lease) {
    return recorded;
  }
  recorded.recorded = true;
  SqliteLane& lane = tables.lanes.at(row->lane);
  note_health(lane, outcome, now);
  if (lane.failing_since) recorded.failing_since = to_due(*lane.failing_since);
  const bool waits_again =
      outcome.kind == Outcome::Kind::retry || outcome.kind == Outcome::Kind::released;
  if (waits_again && row->taken_off) {
    recorded.taken_off = *row->taken_off;
    Outcome last = outcome;
    last.kind = Outcome::Kind::discarded;
    last.reason = recorded.taken_off;
    write_outcome(tables, *row, last, now);
  } else {
    write_outcome(tables, *row, outcome, now);
  }
  return recorded;
}

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
  for (const Outcome& outcome : work.outcomes) {
    reply.recorded.push_back(record(tables, outcome, work.now));
  }
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
