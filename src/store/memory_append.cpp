#include "store/memory_append.hpp"

#include <cstdint>
#include <utility>

#include "base/fail.hpp"
#include "base/text.hpp"
#include "deliver/delivery_record.hpp"

namespace hookline::detail {
namespace {

/// What an event adds to what is counted by quotas.
struct Load {
  std::uint64_t deliveries = 0;
  std::uint64_t bytes = 0;
};

Load load_of(const NewEvent& event) {
  Load load;
  for (const NewDelivery& delivery : event.deliveries) {
    if (is_finished(delivery.status)) continue;
    const auto& body = body_of(event, delivery);
    ++load.deliveries;
    if (body) load.bytes += body->size();
  }
  return load;
}

Result<void> check_quota(std::string_view name, std::uint64_t waiting, std::uint64_t more,
                         std::uint64_t quota) {
  if (more == 0 || (more <= quota && waiting <= quota - more)) return {};
  return fail(ErrorCode::quota_exceeded,
              "quotas.{}: {} are waiting, and {} more would go over {}; wait for deliveries to "
              "end, discard some or raise the quota",
              name, waiting, more, quota);
}

Result<void> check_quotas(const MemoryTables& tables, const NewEvent& event, const Quotas& quotas) {
  const Load more = load_of(event);
  const DeliveryCounts all = tables.tally(std::nullopt).counts();
  const DeliveryCounts own = tables.tally(event.tenant).counts();
  return check_quota("pending", all.pending + all.in_flight, more.deliveries, quotas.pending)
      .and_then([&] {
        return check_quota("pending_bytes", all.pending_bytes, more.bytes, quotas.pending_bytes);
      })
      .and_then([&] {
        return check_quota("pending_per_tenant", own.pending + own.in_flight, more.deliveries,
                           quotas.pending_per_tenant);
      })
      .and_then([&] {
        return check_quota("pending_bytes_per_tenant", own.pending_bytes, more.bytes,
                           quotas.pending_bytes_per_tenant);
      });
}

/// Without its event and its lane, which are made only for what is taken in.
DeliveryRow row_of(NewDelivery& delivery, const NewEvent& event) {
  DeliveryRow row;
  row.record.message_id = event.receipt.message_id;
  row.record.tenant = event.tenant;
  row.record.import_id = event.receipt.import_id;
  row.record.event = event.receipt.event;
  row.record.webhook_id = delivery.lane.webhook_id;
  row.record.created_at = event.accepted.wall;
  row.accepted = event.accepted.due;
  row.url = std::move(delivery.url);
  if (is_finished(delivery.status)) {
    row.record.status = delivery.status;
    row.record.error = std::move(delivery.reason);
    row.record.finished_at = event.accepted.wall;
    row.at = event.accepted.due;
  } else if (delivery.leased) {
    row.record.status = DeliveryStatus::in_flight;
    row.lease = 1;
    row.at = event.lease_until;
    row.due = delivery.due;
  } else {
    row.record.next_attempt_at = to_system_time(delivery.due);
    row.at = delivery.due;
  }
  return row;
}

std::vector<DeliveryRow> rows_of(NewEvent& event) {
  std::vector<DeliveryRow> rows;
  rows.reserve(event.deliveries.size());
  for (NewDelivery& delivery : event.deliveries) rows.push_back(row_of(delivery, event));
  return rows;
}

Weight weight_of(const NewEvent& event, const std::vector<DeliveryRow>& rows) {
  Weight weight;
  weight.deliveries = rows.size();
  for (const DeliveryRow& row : rows) weight.bytes += size_of(row);
  if (!rows.empty()) weight.bytes += size_of_event(event.managed_body, event.basic_body);
  if (event.idempotency_key) {
    weight.bytes += MemoryKeys::size_of(event.tenant, *event.idempotency_key, event.receipt);
  }
  return weight;
}

std::vector<DeliveryId> insert(MemoryTables& tables, NewEvent& event,
                               std::vector<DeliveryRow> rows) {
  std::vector<DeliveryId> ids;
  if (rows.empty()) return ids;
  ids.reserve(rows.size());
  EventRow& shared = tables.add_event(std::move(event.managed_body), std::move(event.basic_body));
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].event = &shared;
    rows[i].lane = &tables.lanes().at(event.deliveries[i].lane);
    ids.push_back(tables.insert(std::move(rows[i])).record.id);
  }
  return ids;
}

}  // namespace

Result<AppendedEvent> append(MemoryTables& tables, NewEvent event, const Quotas& quotas) {
  if (event.idempotency_key) {
    const auto first = tables.keys().find(event.tenant, *event.idempotency_key, event.accepted.due);
    if (!first) return tl::unexpected(first.error());
    if (*first) return AppendedEvent{**first, true, {}};
  }
  if (auto within = check_quotas(tables, event, quotas); !within) {
    return tl::unexpected(within.error());
  }
  std::vector<DeliveryRow> rows = rows_of(event);
  const Weight weight = weight_of(event, rows);
  if (auto room = tables.check_room(weight); !room) return tl::unexpected(room.error());
  tables.make_room(weight);

  AppendedEvent appended;
  appended.ids = insert(tables, event, std::move(rows));
  appended.receipt = with_ids(std::move(event.receipt), appended.ids);
  if (event.idempotency_key) {
    tables.keys().put(event.tenant, std::move(*event.idempotency_key), appended.receipt);
  }
  return appended;
}

}  // namespace hookline::detail
