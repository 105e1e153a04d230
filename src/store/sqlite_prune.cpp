#include "store/sqlite_prune.hpp"

#include <algorithm>
#include <chrono>
#include <initializer_list>
#include <utility>

#include "store/sqlite_records.hpp"

namespace hookline::detail {
namespace {

constexpr const char* kWaitedTooLong = "waited longer than retention allows";

/// When what is of that time is so old; never, if that is later than time goes.
Micros when_old(std::optional<std::int64_t> time, std::chrono::seconds age) {
  if (!time) return kNever;
  const auto room = DueTime::max() - std::max(to_due(*time), DueTime());
  return age < std::chrono::duration_cast<std::chrono::seconds>(room) ? later(*time, age) : kNever;
}

/// The times from which on each kind of record has something to prune.
struct Ages {
  Ages(SqliteTables& tables, const Retention& retention)
      : delivered(first_ended(tables.db, 1, retention.delivered)),
        exhausted(first_ended(tables.db, 2, retention.exhausted_and_discarded)),
        discarded(first_ended(tables.db, 3, retention.exhausted_and_discarded)),
        pending(when_old(
            tables.db.value("SELECT accepted FROM delivery INDEXED BY delivery_waiting WHERE "
                            "status=0 ORDER BY accepted LIMIT 1"),
            retention.pending)),
        keys(tables.db.value("SELECT expires FROM idempotency ORDER BY expires LIMIT 1")
                 .value_or(kNever)) {
    if (!retention.bodies) return;
    tables.flush_events();
    bodies =
        when_old(tables.db.value("SELECT ended FROM event WHERE unfinished=0 AND bodies>0 ORDER BY "
                                 "ended LIMIT 1"),
                 *retention.bodies);
  }

  static Micros first_ended(SqliteConnection& db, int phase, std::chrono::seconds age) {
    return when_old(db.value("SELECT ended FROM delivery INDEXED BY delivery_ended WHERE phase=?1 "
                             "AND ended IS NOT NULL ORDER BY ended LIMIT 1",
                             phase),
                    age);
  }

  [[nodiscard]] Micros first() const {
    return std::min({delivered, exhausted, discarded, pending, bodies, keys});
  }

  Micros delivered;
  Micros exhausted;
  Micros discarded;
  Micros pending;
  Micros bodies = kNever;
  Micros keys;
};

/// Of deliveries of these phases, the one that ended first.
void remove_first(SqliteTables& tables, std::initializer_list<int> phases) {
  std::optional<std::pair<Micros, std::int64_t>> first;
  for (const int phase : phases) {
    SqliteRows rows = tables.db.query(
        "SELECT ended,id FROM delivery INDEXED BY delivery_ended WHERE phase=?1 AND ended IS NOT "
        "NULL ORDER BY ended,id LIMIT 1",
        phase);
    if (!rows.next()) continue;
    const std::pair<Micros, std::int64_t> place(rows.integer(0), rows.integer(1));
    first = std::min(first.value_or(place), place);
  }
  if (!first) return;
  if (const auto row = tables.find(static_cast<DeliveryId>(first->second))) tables.remove(*row);
}

std::optional<Delivery> discard_first(SqliteTables& tables, const Moment& now) {
  const auto id = tables.db.value(
      "SELECT id FROM delivery INDEXED BY delivery_waiting WHERE status=0 ORDER BY accepted,id "
      "LIMIT 1");
  if (!id) return std::nullopt;
  auto row = tables.find(static_cast<DeliveryId>(*id));
  if (!row) return std::nullopt;
  tables.set_discarded(*row, kWaitedTooLong, now);
  return read_delivery(tables.db, row->id);
}

void drop_first_bodies(SqliteTables& tables) {
  const auto event = tables.db.value(
      "SELECT id FROM event WHERE unfinished=0 AND bodies>0 ORDER BY ended,id LIMIT 1");
  tables.db.run("DELETE FROM body WHERE id IN (?1*2,?1*2+1)", event);
  tables.db.run("UPDATE event SET bodies=0 WHERE id=?1", event);
}

void remove_first_key(SqliteTables& tables) {
  std::optional<std::int64_t> id;
  std::int64_t tenant = 0;
  {
    SqliteRows rows = tables.db.query("SELECT id,tenant FROM idempotency ORDER BY expires LIMIT 1");
    if (!rows.next()) return;
    id = rows.integer(0);
    tenant = rows.integer(1);
  }
  tables.db.run("DELETE FROM idempotency WHERE id=?1", *id);
  tables.lanes.flush();
  tables.counters.forget_tenant_if_unused(tenant);
}

}  // namespace

std::vector<Delivery> prune(SqliteTables& tables, const StoreWork& work) {
  std::vector<Delivery> discarded;
  const Micros now = now_micros(work.now);
  for (std::size_t left = work.prune; left > 0 && !tables.db.failed(); --left) {
    const Ages due(tables, work.retention);
    if (due.delivered <= now) {
      remove_first(tables, {1});
    } else if (std::min(due.exhausted, due.discarded) <= now) {
      remove_first(tables, {2, 3});
    } else if (due.pending <= now) {
      if (auto ended = discard_first(tables, {work.now, work.wall})) {
        discarded.push_back(*std::move(ended));
      }
    } else if (due.bodies <= now) {
      drop_first_bodies(tables);
    } else if (due.keys <= now) {
      remove_first_key(tables);
    } else {
      break;
    }
  }
  return discarded;
}

std::optional<DueTime> next_prune(SqliteTables& tables, const Retention& retention) {
  const Micros next = Ages(tables, retention).first();
  return next == kNever ? std::nullopt : std::optional(to_due(next));
}

}  // namespace hookline::detail
