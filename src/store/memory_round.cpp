#include "store/memory_round.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "deliver/delivery_record.hpp"
#include "store/lease_loss.hpp"
#include "store/memory_retention.hpp"

namespace hookline::detail {
namespace {

/// Only what a receiver has answered, or failed to, tells whether a lane is failing.
void note_health(LaneRow& lane, const Outcome& outcome, DueTime now) {
  const bool failed =
      outcome.kind == Outcome::Kind::retry || outcome.kind == Outcome::Kind::exhausted;
  if (outcome.kind == Outcome::Kind::delivered) {
    lane.failing_since.reset();
  } else if (failed && outcome.attempt && !lane.failing_since) {
    lane.failing_since = now;
  }
}

void apply_to(MemoryTables& tables, DeliveryRow& row, const Outcome& outcome, DueTime now) {
  tables.change(row, [&] {
    apply(outcome, row.record);
    if (outcome.attempt) row.attempts.push_back(*outcome.attempt);
    row.at = is_finished(row.record.status) ? now : outcome.due;
  });
}

RecordedOutcome record(MemoryTables& tables, const Outcome& outcome, DueTime now) {
  RecordedOutcome recorded;
  DeliveryRow* row = tables.find(outcome.claim.id);
  if (!row || row->record.status != DeliveryStatus::in_flight ||
      row->lease != outcome.claim.lease) {
    return recorded;
  }
  recorded.recorded = true;
  note_health(*row->lane, outcome, now);
  recorded.failing_since = row->lane->failing_since;
  const bool waits_again =
      outcome.kind == Outcome::Kind::retry || outcome.kind == Outcome::Kind::released;
  if (waits_again && row->taken_off) {
    recorded.taken_off = *row->taken_off;
    Outcome last = outcome;
    last.kind = Outcome::Kind::discarded;
    last.reason = recorded.taken_off;
    apply_to(tables, *row, last, now);
  } else {
    apply_to(tables, *row, outcome, now);
  }
  return recorded;
}

void wait_until(MemoryTables& tables, DeliveryRow& row, DueTime due) {
  tables.change(row, [&] {
    row.record.status = DeliveryStatus::pending;
    row.record.next_attempt_at = to_system_time(due);
    row.at = due;
  });
}

void end_leases(MemoryTables& tables, const Moment& now) {
  while (!tables.leased().empty() && tables.leased().begin()->first <= now.due) {
    DeliveryRow& row = *tables.find(tables.leased().begin()->second);
    if (row.taken_off) {
      tables.end(row, DeliveryStatus::discarded, *row.taken_off, now);
    } else {
      // One that was claimed early, to be discarded, is no sooner due for that.
      wait_until(tables, row, std::max(row.due, now.due + delay_after_loss(row.lost++)));
    }
  }
}

void hold(MemoryLanes& lanes, const LaneHold& hold) {
  LaneRow& lane = lanes.at(hold.lane);
  lanes.hold(lane, hold.until);
  if (hold.fresh) lane.failing_since.reset();
}

// --- Claims --------------------------------------------------------------------------------------

Claim take(MemoryTables& tables, DeliveryRow& row, DueTime lease_until) {
  Claim claim;
  claim.due = row.due = row.at;
  tables.change(row, [&] {
    row.record.status = DeliveryStatus::in_flight;
    row.record.next_attempt_at.reset();
    row.at = lease_until;
    ++row.lease;
  });
  claim.id = row.record.id;
  claim.lease = row.lease;
  claim.lease_until = lease_until;
  claim.lane = row.lane->key;
  claim.attempts = row.record.attempts;
  claim.message_id = row.record.message_id;
  claim.import_id = row.record.import_id;
  claim.event = row.record.event;
  claim.url = row.url;
  claim.body = row.body();
  claim.created_at = row.record.created_at;
  claim.replay_of = row.record.replay_of;
  return claim;
}

/// Of those whose time comes by `last`, those first that have been due longest.
void claim_due(MemoryTables& tables, LaneRow& lane, std::size_t count, DueTime last,
               DueTime lease_until, ClaimedLane& claimed) {
  const auto is_left = [&] { return !lane.waiting.empty() && lane.waiting.begin()->first <= last; };
  claimed.claims.reserve(std::min(count, lane.waiting.size()));
  while (claimed.claims.size() < count && is_left()) {
    DeliveryRow& row = *tables.find(lane.waiting.begin()->second);
    claimed.claims.push_back(take(tables, row, lease_until));
  }
  claimed.more = is_left();
  if (!claimed.more) tables.lanes().hold(lane, DueTime::min());
}

/// Of a fifo lane: its head, or else nothing before the head has moved.
void claim_head(MemoryTables& tables, LaneRow& lane, std::size_t count, DueTime last,
                DueTime lease_until, ClaimedLane& claimed) {
  const auto& unfinished = lane.tally.unfinished();
  if (unfinished.empty()) return tables.lanes().hold(lane, DueTime::min());
  DeliveryRow& head = *tables.find(unfinished.begin()->first);
  if (head.record.status != DeliveryStatus::pending || head.at > last) {
    return tables.lanes().hold_for(lane, head);
  }
  if (count > 0) claimed.claims.push_back(take(tables, head, lease_until));
  claimed.more = count == 0 || unfinished.size() > 1;
  if (!claimed.more) tables.lanes().hold(lane, DueTime::min());
}

ClaimedLane claim(MemoryTables& tables, const LaneClaim& wish, const StoreWork& work) {
  ClaimedLane claimed;
  claimed.lane = wish.lane;
  LaneRow* lane = tables.lanes().find(wish.lane);
  if (!lane) return claimed;
  const auto claim_from = wish.fifo ? claim_head : claim_due;
  claim_from(tables, *lane, wish.count, wish.early ? DueTime::max() : work.now, work.lease_until,
             claimed);
  return claimed;
}

std::optional<DueTime> next_due(const MemoryTables& tables, const StoreWork& work) {
  std::optional<DueTime> next = tables.lanes().next_listing(work.full_tenants);
  if (tables.leased().empty()) return next;
  const DueTime lease_ends = tables.leased().begin()->first;
  return std::min(next.value_or(lease_ends), lease_ends);
}

}  // namespace

StoreReply exchange(MemoryTables& tables, const StoreWork& work) {
  StoreReply reply;
  if (work.first) tables.lanes().end_holds();
  reply.recorded.reserve(work.outcomes.size());
  // Outcomes come before the end of leases: one that is just in time counts.
  for (const Outcome& outcome : work.outcomes) {
    reply.recorded.push_back(record(tables, outcome, work.now));
  }
  end_leases(tables, {work.now, work.wall});
  for (const LaneHold& each : work.holds) hold(tables.lanes(), each);
  for (const LaneClaim& wish : work.claims) reply.claimed.push_back(claim(tables, wish, work));
  reply.due_lanes = tables.lanes().list(work);
  reply.pruned = prune(tables, work);
  tables.make_room();  // attempts take room too
  tables.lanes().forget_idle(work.now);
  reply.next_due = next_due(tables, work);
  reply.next_prune = next_prune(tables, work.retention);
  return reply;
}

}  // namespace hookline::detail
