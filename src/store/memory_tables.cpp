#include "store/memory_tables.hpp"

#include <utility>

#include "base/fail.hpp"
#include "deliver/delivery_record.hpp"

namespace hookline::detail {

EventRow& MemoryTables::add_event(std::shared_ptr<const std::string> managed_body,
                                  std::shared_ptr<const std::string> basic_body) {
  EventRow& event = events_.try_emplace(events_.end(), ++last_event_)->second;
  event.number = last_event_;
  event.managed_body = std::move(managed_body);
  event.basic_body = std::move(basic_body);
  return event;
}

DeliveryRow& MemoryTables::insert(DeliveryRow added) {
  added.record.id = ++last_id_;
  DeliveryRow& row =
      deliveries_.emplace_hint(deliveries_.end(), added.record.id, std::move(added))->second;
  row.event->deliveries.emplace(row.lane->number, row.record.id);
  Timetable& timetable = timetable_of(row);
  timetable.insert(timetable.end(), place_of(row));
  lanes_.enter(row);
  count(row, std::nullopt, row.record.status);
  return row;
}

void MemoryTables::end(DeliveryRow& row, DeliveryStatus status, const std::string& reason,
                       const Moment& now) {
  change(row, [&] {
    row.record.status = status;
    row.record.error = reason;
    row.record.next_attempt_at.reset();
    row.record.finished_at = now.wall;
    row.at = now.due;
  });
}

void MemoryTables::forget(DeliveryRow& row) {
  EventRow& event = *row.event;
  timetable_of(row).erase(place_of(row));
  lanes_.leave(row);
  count(row, row.record.status, std::nullopt);
  event.deliveries.erase({row.lane->number, row.record.id});
  deliveries_.erase(row.record.id);
  if (event.deliveries.empty()) forget(event);
}

void MemoryTables::forget(EventRow& event) {
  drop_bodies(event);
  room_.change(event.weight, {});
  events_.erase(event.number);
}

void MemoryTables::drop_bodies(EventRow& event) {
  event.managed_body.reset();
  event.basic_body.reset();
  index(event);
}

Result<void> MemoryTables::check_room(const Weight& more) const {
  if (room_.could_fit(more)) return {};
  return fail(ErrorCode::store_full,
              "store: full with {} unfinished deliveries and {} bytes that must be kept (limits: "
              "{} and {}); wait for deliveries to end or raise MemoryStoreOptions",
              room_.pinned().deliveries, room_.pinned().bytes, room_.bounds().max_deliveries,
              room_.bounds().max_bytes);
}

void MemoryTables::make_room(const Weight& more) {
  while (!room_.fits(more)) {
    const Timetable* oldest = &delivered_;
    if (oldest->empty() || (!failed_.empty() && *failed_.begin() < *oldest->begin())) {
      oldest = &failed_;
    }
    if (oldest->empty()) return;
    forget(deliveries_.at(oldest->begin()->second));
  }
}

DeliveryRow* MemoryTables::find(DeliveryId id) {
  const auto found = deliveries_.find(id);
  return found == deliveries_.end() ? nullptr : &found->second;
}

const Tally& MemoryTables::tally(const std::optional<std::string>& tenant) const {
  static const Tally none;
  if (!tenant) return all_;
  const TenantRow* row = lanes_.tenant(*tenant);
  return row ? row->tally : none;
}

// --- Indexes -------------------------------------------------------------------------------------

Timetable& MemoryTables::timetable_of(const DeliveryRow& row) {
  switch (row.record.status) {
    case DeliveryStatus::pending:
      return pending_;
    case DeliveryStatus::in_flight:
      return leased_;
    case DeliveryStatus::delivered:
      return delivered_;
    case DeliveryStatus::exhausted:
    case DeliveryStatus::discarded:
      break;
  }
  return failed_;
}

Timetable::value_type MemoryTables::place_of(const DeliveryRow& row) {
  const bool pending = row.record.status == DeliveryStatus::pending;
  return {pending ? row.accepted : row.at, row.record.id};
}

/// Brings every sum up to date with where a delivery stands now, and the place of its event.
void MemoryTables::count(DeliveryRow& row, Standing from, Standing to) {
  EventRow& event = *row.event;
  if (from && !is_finished(*from)) --event.unfinished;
  const bool unfinished = to && !is_finished(*to);
  if (unfinished) ++event.unfinished;
  if (to && !unfinished) event.ended = row.at;
  all_.move(row, from, to);
  lanes_.count(row, from, to);
  room_.change(row.weight, to ? Weight{1, size_of(row), unfinished} : Weight());
  index(event);
}

void MemoryTables::index(EventRow& event) {
  const bool rests = event.unfinished == 0 && event.has_body();
  move(resting_, event.number, event.resting, rests ? std::optional(event.ended) : std::nullopt);
  room_.change(event.weight,
               {0, size_of_event(event.managed_body, event.basic_body), event.unfinished > 0});
}

// --- Sizes ---------------------------------------------------------------------------------------

std::size_t size_of(const DeliveryRow& row) {
  constexpr std::size_t kIndexes = 384;
  const Delivery& record = row.record;
  std::size_t bytes = sizeof(DeliveryRow) + kIndexes + record.message_id.size() +
                      record.tenant.size() + record.import_id.size() + record.webhook_id.size() +
                      record.url.size() + record.error.size() + row.url.size();
  if (row.taken_off) bytes += row.taken_off->size();
  for (const Attempt& attempt : row.attempts) {
    bytes +=
        sizeof(Attempt) + attempt.url.size() + attempt.error.size() + attempt.response_body.size();
  }
  return bytes;
}

std::size_t size_of_event(const std::shared_ptr<const std::string>& managed_body,
                          const std::shared_ptr<const std::string>& basic_body) {
  constexpr std::size_t kIndexes = 128;
  return sizeof(EventRow) + kIndexes + (managed_body ? managed_body->size() : 0) +
         (basic_body ? basic_body->size() : 0);
}

}  // namespace hookline::detail
