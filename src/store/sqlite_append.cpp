#include "store/sqlite_append.hpp"

#include <utility>
#include <vector>

#include "base/fail.hpp"
#include "base/text.hpp"
#include "deliver/delivery_record.hpp"
#include "store/receipt_codec.hpp"

namespace hookline::detail {
namespace {

/// No tenant has this id: nothing is known of one that is new.
constexpr std::int64_t kNobody = 0;

std::uint64_t size_of(const std::shared_ptr<const std::string>& body) {
  return body ? body->size() : 0;
}

/// The answer to a key that was used before: the first receipt, or that it is a conflict; nothing
/// if the key is new or has expired.
Result<std::optional<AppendedEvent>> find_repeated(SqliteTables& tables, std::int64_t tenant,
                                                   const NewEvent& event) {
  if (!event.idempotency_key) return std::nullopt;
  const IdempotencyKey& key = *event.idempotency_key;
  SqliteRows rows = tables.db.query(
      "SELECT fingerprint,receipt,expires FROM idempotency WHERE tenant=?1 AND key=?2", tenant,
      key.key);
  if (!rows.next() || rows.integer(2) <= now_micros(event.accepted.due)) return std::nullopt;
  if (rows.text(0) != key.fingerprint) {
    return fail(ErrorCode::idempotency_conflict,
                "idempotency key {}: it was used for another import; use a new key for each import",
                quoted(key.key));
  }
  auto receipt = decode_receipt(rows.text(1));
  if (!receipt) {
    return fail(ErrorCode::store_failed,
                "idempotency key {}: its receipt was written by another version; use a new key",
                quoted(key.key));
  }
  AppendedEvent repeated;
  repeated.receipt = *std::move(receipt);
  repeated.repeated = true;
  return repeated;
}

void keep_key(SqliteTables& tables, const NewEvent& event, const std::vector<DeliveryId>& ids) {
  if (!event.idempotency_key) return;
  const IdempotencyKey& key = *event.idempotency_key;
  const std::string bytes = encode_receipt(with_ids(event.receipt, ids));
  tables.db.run(
      "INSERT INTO idempotency(tenant,key,fingerprint,expires,import,receipt) "
      "VALUES(?1,?2,?3,?4,?5,?6) ON CONFLICT(tenant,key) DO UPDATE SET "
      "fingerprint=excluded.fingerprint,expires=excluded.expires,import=excluded.import,"
      "receipt=excluded.receipt",
      tables.counters.tenant_at(event.tenant), key.key, key.fingerprint, key.expires,
      event.receipt.import_id, Blob{bytes});
}

void add_body(SqliteTables& tables, std::int64_t id,
              const std::shared_ptr<const std::string>& body) {
  if (body) tables.new_bodies.add(id, Blob{*body});
}

void add_event(SqliteTables& tables, std::int64_t tenant, const NewEvent& event, std::int64_t id) {
  std::int64_t unfinished = 0;
  for (const NewDelivery& delivery : event.deliveries) {
    if (!is_finished(delivery.status)) ++unfinished;
  }
  const auto count = static_cast<std::int64_t>(event.deliveries.size());
  const Micros ended = unfinished < count ? to_micros(event.accepted.due) : kAlways;
  const int bodies = (event.managed_body ? 1 : 0) + (event.basic_body ? 1 : 0);
  tables.new_events.add(id, tenant, event.receipt.message_id, event.receipt.import_id,
                        event.receipt.event, count, unfinished, ended, bodies);
  add_body(tables, body_id(id, false), event.managed_body);
  add_body(tables, body_id(id, true), event.basic_body);
}

void add_row(SqliteTables& tables, const SqliteRow& row, const Moment& accepted,
             std::optional<DeliveryId> replay_of, std::string_view error,
             std::string_view address) {
  const bool over = is_finished(row.status);
  const std::optional<DueTime> ended = over ? std::optional(accepted.due) : std::nullopt;
  const auto finished = over ? std::optional(accepted.wall) : std::nullopt;
  const auto phase = row.fresh ? std::nullopt : std::optional(phase_of(row.status));
  std::optional<std::int64_t> owner;
  if (row.status == DeliveryStatus::in_flight) owner = tables.instance;
  const auto unless_empty = [](std::string_view text) {
    return text.empty() ? std::nullopt : std::optional(text);
  };
  tables.new_deliveries.add(row.id, row.event, row.lane, row.tenant, row.basic, phase, row.status,
                            row.due, row.was_due, row.lease, owner, row.size, accepted.due,
                            accepted.wall, ended, finished, replay_of, unless_empty(error),
                            unless_empty(address));
  tables.entered(row);
}

void add_delivery(SqliteTables& tables, const NewEvent& event, const NewDelivery& delivery,
                  DeliveryId id, std::int64_t event_id) {
  const SqliteLane& lane = tables.lanes.at(delivery.lane);
  SqliteRow row;
  row.id = id;
  row.event = event_id;
  row.lane = lane.id;
  row.tenant = lane.tenant;
  row.status = delivery.status;
  row.due = row.was_due = to_micros(delivery.due);
  if (delivery.status == DeliveryStatus::pending && delivery.leased) {
    row.status = DeliveryStatus::in_flight;
    row.fresh = true;
    row.due = to_micros(event.lease_until);
    row.lease = 1;
  }
  row.basic = delivery.lane.webhook_id.empty();
  row.size = size_of(body_of(event, delivery));
  const bool over = is_finished(row.status);
  add_row(tables, row, event.accepted, std::nullopt,
          over ? std::string_view(delivery.reason) : std::string_view(), delivery.url);
}

Result<void> check_quotas(SqliteTables& tables, std::int64_t tenant, const NewEvent& event,
                          const Quotas& quotas) {
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
  for (const NewDelivery& delivery : event.deliveries) {
    if (is_finished(delivery.status)) continue;
    ++count;
    bytes += size_of(body_of(event, delivery));
  }
  return tables.counters.check(quotas, tenant, event.tenant, count, bytes);
}

}  // namespace

Result<AppendedEvent> append_event(SqliteTables& tables, const NewEvent& event,
                                   const Quotas& quotas) {
  const std::int64_t tenant = tables.counters.find_tenant(event.tenant).value_or(kNobody);
  auto repeated = find_repeated(tables, tenant, event);
  if (!repeated) return tl::unexpected(std::move(repeated.error()));
  if (*repeated) return **std::move(repeated);
  if (auto fits = check_quotas(tables, tenant, event, quotas); !fits) {
    return tl::unexpected(std::move(fits.error()));
  }
  AppendedEvent appended;
  appended.ids.reserve(event.deliveries.size());
  for (std::size_t i = 0; i < event.deliveries.size(); ++i) {
    appended.ids.push_back(tables.counters.next_id());
  }
  if (!appended.ids.empty()) {
    const auto id = static_cast<std::int64_t>(appended.ids.front());
    add_event(tables, tables.counters.tenant_at(event.tenant), event, id);
    for (std::size_t i = 0; i < event.deliveries.size(); ++i) {
      add_delivery(tables, event, event.deliveries[i], appended.ids[i], id);
    }
  }
  keep_key(tables, event, appended.ids);
  return appended;
}

DeliveryId append_replay(SqliteTables& tables, const SqliteRow& original, const Moment& now) {
  SqliteRow row;
  row.id = tables.counters.next_id();
  row.event = original.event;
  row.lane = original.lane;
  row.tenant = original.tenant;
  row.due = row.was_due = to_micros(now.due);
  row.basic = original.basic;
  row.size = original.size;
  std::string address;
  {
    SqliteRows rows = tables.db.query("SELECT address FROM delivery WHERE id=?1", original.id);
    if (rows.next()) address = rows.text(0);
  }
  tables.db.run("UPDATE event SET unfinished=unfinished+1 WHERE id=?1", row.event);
  add_row(tables, row, now, original.id, "", address);
  tables.write_new();
  return row.id;
}

}  // namespace hookline::detail
