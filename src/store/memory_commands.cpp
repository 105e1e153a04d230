#include "store/memory_commands.hpp"

#include <utility>
#include <vector>

#include "base/fail.hpp"
#include "deliver/delivery_record.hpp"
#include "store/delivery_query.hpp"

namespace hookline::detail {
namespace {

DeliveryRow replay_of(const DeliveryRow& original, const Moment& now) {
  DeliveryRow row;
  row.record.message_id = original.record.message_id;
  row.record.tenant = original.record.tenant;
  row.record.import_id = original.record.import_id;
  row.record.event = original.record.event;
  row.record.webhook_id = original.record.webhook_id;
  row.record.created_at = now.wall;
  row.record.next_attempt_at = to_system_time(now.due);
  row.record.replay_of = original.record.id;
  row.url = original.url;
  row.event = original.event;
  row.lane = original.lane;
  row.accepted = now.due;
  row.at = now.due;
  return row;
}

bool has_later_to_same_lane(const DeliveryRow& row) {
  const auto& deliveries = row.event->deliveries;
  const auto later = deliveries.upper_bound({row.lane->number, row.record.id});
  return later != deliveries.end() && later->first == row.lane->number;
}

bool is_recoverable(const DeliveryRow& row, const RecoverQuery& query) {
  return row.record.created_at >= query.since && row.body() && !has_later_to_same_lane(row);
}

/// True if that ended the delivery.
bool take_off(MemoryTables& tables, DeliveryRow& row, const std::string& reason,
              const Moment& now) {
  if (row.record.status == DeliveryStatus::pending) {
    tables.end(row, DeliveryStatus::discarded, reason, now);
    return true;
  }
  tables.change(row, [&] { row.taken_off = reason; });
  return false;
}

/// A bite of up to `limit` of these rows, which are one more if that leaves something for the next.
StoreBite bite_of(std::vector<DeliveryRow*>& rows, std::size_t limit) {
  StoreBite bite;
  if (rows.size() > limit) {
    rows.resize(limit);
    bite.next = rows.back()->record.id;
  }
  bite.count = rows.size();
  return bite;
}

bool is_erased(const EraseQuery& query, const Delivery& delivery) {
  return delivery.tenant == query.tenant &&
         (!query.import_id || *query.import_id == delivery.import_id);
}

}  // namespace

Result<Delivery> replay(MemoryTables& tables, DeliveryId id, const Moment& now) {
  const DeliveryRow* original = tables.find(id);
  if (!original) {
    return fail(ErrorCode::delivery_not_found, "delivery: there is none with id {}", id);
  }
  if (!original->body()) {
    return fail(ErrorCode::body_dropped,
                "delivery: the body of {} is not kept any more; dispatch its import again, or "
                "raise Retention::bodies",
                id);
  }
  DeliveryRow row = replay_of(*original, now);
  // The body is in the store already.
  if (auto room = tables.check_room({1, size_of(row), true}); !room) {
    return tl::unexpected(room.error());
  }
  Delivery added = tables.insert(std::move(row)).record;
  tables.make_room();  // only now, since what leaves may be the original
  return added;
}

/// It is never full for this: a replay takes no more than the finished delivery that it repeats,
/// which may leave.
Result<StoreBite> recover(MemoryTables& tables, const RecoverQuery& query, const Moment& now) {
  if (query.limit == 0) return fail(ErrorCode::invalid_query, "limit: 0 recovers nothing");
  StoreBite bite;
  const LaneRow* lane = tables.lanes().find(query.lane);
  if (!lane) return bite;
  DeliveryId last = query.after;
  for (auto id = lane->failed.upper_bound(query.after);
       id != lane->failed.end() && *id <= query.up_to; ++id) {
    const DeliveryRow& row = *tables.find(*id);
    if (!is_recoverable(row, query)) continue;
    if (bite.count == query.limit) {
      bite.next = last;
      break;
    }
    last = *id;
    bite.deliveries.push_back(tables.insert(replay_of(row, now)).record);
    ++bite.count;
  }
  tables.make_room();
  return bite;
}

Result<StoreBite> discard(MemoryTables& tables, DeliveryQuery query, const std::string& reason,
                          const Moment& now) {
  if (auto fit = check_discard(query); !fit) return tl::unexpected(fit.error());
  query.status.reset();
  std::vector<DeliveryRow*> rows;
  const auto& unfinished = tables.tally(query.tenant).unfinished();
  for (auto place = unfinished.upper_bound(start_of(query));
       place != unfinished.end() && !is_past(query, place->first) && rows.size() <= query.limit;
       ++place) {
    DeliveryRow& row = *tables.find(place->first);
    if (matches(query, row.record)) rows.push_back(&row);
  }

  StoreBite bite = bite_of(rows, query.limit);
  for (DeliveryRow* row : rows) {
    if (take_off(tables, *row, reason, now)) bite.deliveries.push_back(row->record);
  }
  tables.make_room();  // reasons take room too
  return bite;
}

Result<StoreBite> erase(MemoryTables& tables, const EraseQuery& query, std::size_t limit) {
  if (limit == 0) return fail(ErrorCode::invalid_query, "limit: 0 erases nothing");
  std::vector<DeliveryRow*> rows;
  for (const auto& [id, row] : tables.deliveries()) {
    if (rows.size() > limit) break;
    if (is_erased(query, row.record)) rows.push_back(tables.find(id));
  }

  StoreBite bite = bite_of(rows, limit);
  std::vector<std::uint64_t> basic_lanes;
  for (DeliveryRow* row : rows) {
    if (row->record.webhook_id.empty()) basic_lanes.push_back(row->lane->number);
    tables.forget(*row);
  }
  // The import named their origins: they go with it, whatever their hold.
  tables.lanes().forget_empty(basic_lanes);
  const bool keys_gone = tables.keys().erase(query, limit - rows.size());
  if (!keys_gone && !bite.next) bite.next = tables.last_id();
  if (!query.import_id) tables.lanes().forget_empty_of(query.tenant);
  return bite;
}

}  // namespace hookline::detail
