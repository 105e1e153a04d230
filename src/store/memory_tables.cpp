#include "store/memory_tables.hpp"

#include <algorithm>

#include "base/fail.hpp"
#include "deliver/delivery_record.hpp"

namespace hookline::detail {
namespace {

using std::chrono::milliseconds;

/// What a row costs beyond its texts: the row itself and its places in the indexes.
constexpr std::size_t kRowOverhead = sizeof(DeliveryRow) + 256;

std::size_t size_of(const std::shared_ptr<const std::string>& body) {
  return body ? body->size() : 0;
}

std::size_t size_of(const Attempt& attempt) {
  return sizeof(Attempt) + attempt.url.size() + attempt.error.size() + attempt.response_body.size();
}

std::size_t size_of(const DeliveryRow& row) {
  const Delivery& record = row.record;
  std::size_t bytes = kRowOverhead + record.message_id.size() + record.tenant.size() +
                      record.import_id.size() + record.webhook_id.size() + record.url.size() +
                      record.error.size() + row.url.size() + row.lane->key.origin.size();
  for (const Attempt& attempt : row.attempts) bytes += size_of(attempt);
  return bytes;
}

/// What an event will take. A body that deliveries share counts once.
std::size_t size_of(const NewEvent& event) {
  std::size_t bytes = size_of(event.managed_body) + size_of(event.basic_body);
  for (const NewDelivery& delivery : event.deliveries) {
    bytes += kRowOverhead + event.message_id.size() + event.tenant.size() + event.import_id.size() +
             delivery.lane.webhook_id.size() + delivery.lane.origin.size() + delivery.url.size() +
             delivery.refused.size();
  }
  return bytes;
}

/// A lease that is lost again and again is a delivery that takes its process down: each time the
/// next try waits longer.
milliseconds delay_after_loss(std::uint32_t lost) {
  constexpr milliseconds kFirst{1'000};
  constexpr milliseconds kLongest{3'600'000};
  return std::min(kLongest, kFirst * (std::int64_t{1} << std::min(lost, 20u)));
}

}  // namespace

Result<std::vector<DeliveryId>> MemoryTables::append(NewEvent event) {
  const std::size_t bytes = size_of(event);
  if (!make_room(event.deliveries.size(), bytes)) {
    return fail(
        ErrorCode::store_full,
        "store: full with {} unfinished deliveries in {} bytes (limits: {} and {}); wait for "
        "deliveries to end or raise MemoryStoreOptions",
        unfinished_.size(), bytes_, options_.max_deliveries, options_.max_bytes);
  }
  bytes_ += size_of(event.managed_body) + size_of(event.basic_body);
  const auto shared = std::make_shared<const EventRow>(
      EventRow{std::move(event.managed_body), std::move(event.basic_body)});

  std::vector<DeliveryId> ids;
  for (NewDelivery& delivery : event.deliveries) {
    Delivery record;
    record.message_id = event.message_id;
    record.tenant = event.tenant;
    record.import_id = event.import_id;
    record.event = event.event;
    record.webhook_id = delivery.lane.webhook_id;
    record.created_at = event.created_at;
    DeliveryRow& row = insert(std::move(record), delivery.lane, shared);
    row.url = std::move(delivery.url);
    ids.push_back(row.record.id);
    if (!delivery.refused.empty()) {
      set_status(row, DeliveryStatus::exhausted);
      row.record.error = std::move(delivery.refused);
      row.record.finished_at = event.created_at;
      set_finished(row);
    } else if (delivery.leased) {
      row.lease = 1;
      set_leased(row, event.lease_until);
    } else {
      set_waiting(row, delivery.due);
    }
    bytes_ += size_of(row);
  }
  return ids;
}

Result<Delivery> MemoryTables::replay(DeliveryId id,
                                      std::chrono::system_clock::time_point created_at,
                                      DueTime due) {
  const auto original = deliveries_.find(id);
  if (original == deliveries_.end()) {
    return fail(ErrorCode::delivery_not_found, "delivery: there is none with id {}", id);
  }
  // The event is held here, since making room may forget the delivery that it came with.
  const std::shared_ptr<const EventRow> event = original->second.event;
  const LaneKey lane = original->second.lane->key;
  const std::string url = original->second.url;
  const Delivery& old = original->second.record;
  Delivery record;
  record.message_id = old.message_id;
  record.tenant = old.tenant;
  record.import_id = old.import_id;
  record.event = old.event;
  record.webhook_id = old.webhook_id;
  record.created_at = created_at;
  record.replay_of = id;
  if (!make_room(1, kRowOverhead)) {
    return fail(ErrorCode::store_full, "store: full with {} unfinished deliveries",
                unfinished_.size());
  }
  DeliveryRow& row = insert(std::move(record), lane, event);
  row.url = url;
  bytes_ += size_of(row);
  set_waiting(row, due);
  return row.record;
}

void MemoryTables::end_holds() {
  std::vector<LaneKey> held;
  for (const auto& [key, lane] : lanes_) {
    if (lane.hold != DueTime::min()) held.push_back(key);
  }
  for (const LaneKey& key : held) hold({key, DueTime::min()});
}

void MemoryTables::end_leases(DueTime now) {
  while (!leases_.empty() && leases_.begin()->first <= now) {
    DeliveryRow& row = deliveries_.at(leases_.begin()->second);
    set_waiting(row, now + delay_after_loss(row.lost++));
  }
}

bool MemoryTables::record(const Outcome& outcome) {
  const auto found = deliveries_.find(outcome.claim.id);
  if (found == deliveries_.end()) return false;
  DeliveryRow& row = found->second;
  if (row.record.status != DeliveryStatus::in_flight || row.lease != outcome.claim.lease) {
    return false;
  }
  bytes_ -= size_of(row);
  if (outcome.attempt) row.attempts.push_back(*outcome.attempt);
  leave_index(row);
  --counter(row.record.status);
  apply(outcome, row.record);
  ++counter(row.record.status);
  bytes_ += size_of(row);
  if (is_finished(row.record.status)) {
    set_finished(row);
  } else {
    set_waiting(row, outcome.due);
  }
  // Attempts take room too: what is finished makes it.
  static_cast<void>(make_room(0, 0));
  return true;
}

void MemoryTables::hold(const LaneHold& hold) {
  LaneRow& lane = lane_at(hold.lane);
  change_lane(lane, [&] { lane.hold = hold.until; });
  forget_if_idle(lane);
}

ClaimedLane MemoryTables::claim(const LaneClaim& wish, const StoreWork& work) {
  ClaimedLane claimed;
  claimed.lane = wish.lane;
  LaneRow& lane = lane_at(wish.lane);
  const auto has_more = [&] {
    return !lane.waiting.empty() && (wish.early || lane.waiting.begin()->first <= work.now);
  };
  while (claimed.claims.size() < wish.count && has_more()) {
    DeliveryRow& row = deliveries_.at(lane.waiting.begin()->second);
    const DueTime due = row.due;
    ++row.lease;
    set_leased(row, work.lease_until);
    claimed.claims.push_back(make_claim(row, due));
  }
  claimed.more = has_more();
  if (!claimed.more) change_lane(lane, [&] { lane.hold = DueTime::min(); });
  forget_if_idle(lane);
  return claimed;
}

Claim MemoryTables::make_claim(const DeliveryRow& row, DueTime due) {
  Claim claim;
  claim.id = row.record.id;
  claim.lease = row.lease;
  claim.lease_until = row.due;
  claim.due = due;
  claim.lane = row.lane->key;
  claim.attempts = row.record.attempts;
  claim.message_id = row.record.message_id;
  claim.import_id = row.record.import_id;
  claim.event = row.record.event;
  claim.url = row.url;
  claim.body = row.record.webhook_id.empty() ? row.event->basic_body : row.event->managed_body;
  claim.created_at = row.record.created_at;
  claim.replay_of = row.record.replay_of;
  return claim;
}

std::vector<LaneKey> MemoryTables::list_due(std::size_t count, DueTime now) {
  std::vector<LaneKey> due;
  while (due.size() < count && !listings_.empty() && listings_.begin()->first <= now) {
    LaneRow& lane = *listings_.begin()->second;
    due.push_back(lane.key);
    change_lane(lane, [&] { lane.hold = DueTime::max(); });
  }
  return due;
}

std::optional<DueTime> MemoryTables::next_due() const {
  std::optional<DueTime> next;
  if (!listings_.empty()) next = listings_.begin()->first;
  if (!leases_.empty()) {
    next = std::min(next.value_or(leases_.begin()->first), leases_.begin()->first);
  }
  return next;
}

// --- Queries -------------------------------------------------------------------------------------

const DeliveryRow* MemoryTables::find(DeliveryId id) const {
  const auto found = deliveries_.find(id);
  return found == deliveries_.end() ? nullptr : &found->second;
}

DeliveryCounts MemoryTables::counts() const {
  DeliveryCounts counts = counts_;
  if (!unfinished_.empty()) {
    counts.oldest_unfinished = deliveries_.at(*unfinished_.begin()).record.created_at;
  }
  return counts;
}

bool MemoryTables::has_unfinished(DeliveryId up_to) const {
  return !unfinished_.empty() && *unfinished_.begin() <= up_to;
}

// --- Rows and their indexes ----------------------------------------------------------------------

bool MemoryTables::make_room(std::size_t deliveries, std::size_t bytes) {
  const auto fits = [&] {
    return deliveries_.size() + deliveries <= options_.max_deliveries &&
           bytes_ + bytes <= options_.max_bytes;
  };
  while (!fits() && !finished_.empty()) {
    forget(finished_.front());
    finished_.pop_front();
  }
  return fits();
}

DeliveryRow& MemoryTables::insert(Delivery record, const LaneKey& lane,
                                  std::shared_ptr<const EventRow> event) {
  record.id = ++last_id_;
  DeliveryRow& row = deliveries_.emplace_hint(deliveries_.end(), record.id, DeliveryRow{})->second;
  row.record = std::move(record);
  row.event = std::move(event);
  row.lane = &lane_at(lane);
  ++row.lane->rows;
  unfinished_.insert(row.record.id);
  ++counter(row.record.status);
  return row;
}

void MemoryTables::set_waiting(DeliveryRow& row, DueTime due) {
  leave_index(row);
  set_status(row, DeliveryStatus::pending);
  row.record.next_attempt_at = to_system_time(due);
  row.due = due;
  change_lane(*row.lane, [&] { row.lane->waiting.emplace(due, row.record.id); });
}

void MemoryTables::set_leased(DeliveryRow& row, DueTime until) {
  leave_index(row);
  set_status(row, DeliveryStatus::in_flight);
  row.record.next_attempt_at.reset();
  row.due = until;
  leases_.emplace(until, row.record.id);
}

void MemoryTables::set_finished(DeliveryRow& row) {
  unfinished_.erase(row.record.id);
  finished_.push_back(row.record.id);
}

/// Takes a row out of the index of what waits and of what is leased, whichever it is in.
void MemoryTables::leave_index(DeliveryRow& row) {
  leases_.erase({row.due, row.record.id});
  change_lane(*row.lane, [&] { row.lane->waiting.erase({row.due, row.record.id}); });
}

void MemoryTables::forget(DeliveryId id) {
  const auto found = deliveries_.find(id);
  DeliveryRow& row = found->second;
  bytes_ -= size_of(row);
  if (row.event.use_count() == 1) {
    bytes_ -= size_of(row.event->managed_body) + size_of(row.event->basic_body);
  }
  --counter(row.record.status);
  LaneRow& lane = *row.lane;
  --lane.rows;
  deliveries_.erase(found);
  forget_if_idle(lane);
}

LaneRow& MemoryTables::lane_at(const LaneKey& key) {
  const auto [lane, added] = lanes_.try_emplace(key);
  if (added) {
    lane->second.key = key;
    lane->second.number = ++last_lane_;
  }
  return lane->second;
}

/// Changes what decides when a lane is listed, and moves it to its new place in the listing.
template <class Change>
void MemoryTables::change_lane(LaneRow& lane, Change change) {
  const auto before = lane.listed_at();
  change();
  const auto after = lane.listed_at();
  if (before == after) return;
  if (before) listings_.erase({*before, &lane});
  if (after) listings_.emplace(*after, &lane);
}

/// A lane goes when it has no deliveries and no hold that somebody relies on.
void MemoryTables::forget_if_idle(LaneRow& lane) {
  if (lane.rows == 0 && lane.hold == DueTime::min()) lanes_.erase(LaneKey(lane.key));
}

std::uint64_t& MemoryTables::counter(DeliveryStatus status) {
  switch (status) {
    case DeliveryStatus::pending:
      return counts_.pending;
    case DeliveryStatus::in_flight:
      return counts_.in_flight;
    case DeliveryStatus::delivered:
      return counts_.delivered;
    case DeliveryStatus::exhausted:
      return counts_.exhausted;
    case DeliveryStatus::discarded:
      break;
  }
  return counts_.discarded;
}

void MemoryTables::set_status(DeliveryRow& row, DeliveryStatus status) {
  --counter(row.record.status);
  row.record.status = status;
  ++counter(status);
}

}  // namespace hookline::detail
