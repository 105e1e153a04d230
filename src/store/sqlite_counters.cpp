#include "store/sqlite_counters.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/fail.hpp"
#include "base/text.hpp"
#include "deliver/delivery_record.hpp"
#include "store/sqlite_schema.hpp"

namespace hookline::detail {
namespace {

std::uint64_t& counter(DeliveryCounts& counts, DeliveryStatus status) {
  switch (status) {
    case DeliveryStatus::pending:
      return counts.pending;
    case DeliveryStatus::in_flight:
      return counts.in_flight;
    case DeliveryStatus::delivered:
      return counts.delivered;
    case DeliveryStatus::exhausted:
      return counts.exhausted;
    case DeliveryStatus::discarded:
      break;
  }
  return counts.discarded;
}

void read_counts(const SqliteRows& rows, int column, DeliveryCounts& counts) {
  for (std::uint64_t* each : {&counts.pending, &counts.in_flight, &counts.delivered,
                              &counts.exhausted, &counts.discarded, &counts.pending_bytes}) {
    *each = static_cast<std::uint64_t>(rows.integer(column++));
  }
}

bool goes_over(std::uint64_t now, std::uint64_t more, std::uint64_t limit) {
  return more > limit || now > limit - more;
}

}  // namespace

void SqliteCounters::load() {
  SqliteRows rows = db_.query(
      "SELECT version,newest,turns,last_time,paused,pending,in_flight,delivered,exhausted,"
      "discarded,bytes FROM store WHERE id=1");
  if (!rows.next()) return db_.fail_as_corrupt("its own row is not there");
  if (rows.integer(0) != kSqliteSchema) {
    return db_.fail_as_foreign("a newer hookline has upgraded the file while it was in use");
  }
  newest_ = static_cast<DeliveryId>(rows.integer(1));
  turns_ = rows.integer(2);
  last_time_ = rows.integer(3);
  paused_ = rows.integer(4) != 0;
  read_counts(rows, 5, all_);
}

void SqliteCounters::begin() { changes_at_begin_ = db_.total_changes(); }

void SqliteCounters::flush(DueTime now) {
  for (const std::int64_t id : changed_) {
    const auto known = tenants_.find(id);
    if (known == tenants_.end()) continue;  // it has gone
    const DeliveryCounts& c = known->second.counts;
    known->second.dirty = false;
    db_.run(
        "UPDATE tenant SET pending=?2,in_flight=?3,delivered=?4,exhausted=?5,discarded=?6,bytes=?7 "
        "WHERE id=?1",
        id, c.pending, c.in_flight, c.delivered, c.exhausted, c.discarded, c.pending_bytes);
  }
  changed_.clear();
  if (!dirty_ && db_.total_changes() == changes_at_begin_) return;
  dirty_ = false;
  last_time_ = std::max(last_time_, to_micros(now));
  db_.run(
      "UPDATE store SET newest=?1,turns=?2,last_time=?3,paused=?4,pending=?5,in_flight=?6,"
      "delivered=?7,exhausted=?8,discarded=?9,bytes=?10 WHERE id=1",
      newest_, turns_, last_time_, paused_, all_.pending, all_.in_flight, all_.delivered,
      all_.exhausted, all_.discarded, all_.pending_bytes);
}

std::optional<std::int64_t> SqliteCounters::find_tenant(const std::string& name) {
  const auto known = names_.find(name);
  if (known != names_.end()) return known->second;
  const auto id = db_.value("SELECT id FROM tenant WHERE name=?1", name);
  if (id) names_.emplace(name, *id);
  return id;
}

std::int64_t SqliteCounters::tenant_at(const std::string& name) {
  if (const auto id = find_tenant(name)) return *id;
  db_.run("INSERT INTO tenant(id,name,turn) VALUES(?1,?2,?1)", next_turn(), name);
  return find_tenant(name).value_or(0);
}

void SqliteCounters::forget_tenant_if_unused(std::int64_t id) {
  db_.run(
      "DELETE FROM tenant WHERE id=?1 AND NOT EXISTS(SELECT 1 FROM lane WHERE tenant=?1) AND NOT "
      "EXISTS(SELECT 1 FROM idempotency WHERE tenant=?1)",
      id);
  if (db_.value("SELECT 1 FROM tenant WHERE id=?1", id)) return;
  tenants_.erase(id);
  for (auto name = names_.begin(); name != names_.end(); ++name) {
    if (name->second != id) continue;
    names_.erase(name);
    break;
  }
}

void SqliteCounters::enter(std::int64_t id, DeliveryStatus status, std::uint64_t size) {
  Tenant& one = change(id);
  for (DeliveryCounts* counts : {&all_, &one.counts}) {
    ++counter(*counts, status);
    if (!is_finished(status)) counts->pending_bytes += size;
  }
}

void SqliteCounters::leave(std::int64_t id, DeliveryStatus status, std::uint64_t size) {
  Tenant& one = change(id);
  for (DeliveryCounts* counts : {&all_, &one.counts}) {
    --counter(*counts, status);
    if (!is_finished(status)) counts->pending_bytes -= size;
  }
}

Result<void> SqliteCounters::check(const Quotas& quotas, std::int64_t id, const std::string& name,
                                   std::uint64_t deliveries, std::uint64_t bytes) {
  if (deliveries == 0) return {};
  const auto over = [&](const auto& whose, const DeliveryCounts& counts, std::uint64_t most,
                        std::uint64_t most_bytes) -> Result<void> {
    const std::uint64_t waiting = counts.pending + counts.in_flight;
    if (goes_over(waiting, deliveries, most)) {
      return fail(
          ErrorCode::quota_exceeded,
          "quota: {} deliveries wait {}, and {} more would go over {}; wait for some to end "
          "or raise the quota",
          waiting, whose(), deliveries, most);
    }
    if (goes_over(counts.pending_bytes, bytes, most_bytes)) {
      return fail(ErrorCode::quota_exceeded,
                  "quota: {} bytes wait {}, and {} more would go over {}; wait for deliveries to "
                  "end or raise the quota",
                  counts.pending_bytes, whose(), bytes, most_bytes);
    }
    return {};
  };
  const auto in_all = [] { return std::string("in all"); };
  const auto for_tenant = [&] { return "for tenant " + quoted(name); };
  if (auto fits = over(in_all, all_, quotas.pending, quotas.pending_bytes); !fits) return fits;
  return over(for_tenant, tenant(id).counts, quotas.pending_per_tenant,
              quotas.pending_bytes_per_tenant);
}

DeliveryId SqliteCounters::next_id() {
  dirty_ = true;
  return ++newest_;
}

std::int64_t SqliteCounters::next_turn() {
  dirty_ = true;
  return ++turns_;
}

void SqliteCounters::set_paused(bool paused) {
  dirty_ = dirty_ || paused != paused_;
  paused_ = paused;
}

SqliteCounters::Tenant& SqliteCounters::tenant(std::int64_t id) {
  const auto [known, added] = tenants_.try_emplace(id);
  if (added) {
    SqliteRows rows = db_.query(
        "SELECT pending,in_flight,delivered,exhausted,discarded,bytes FROM tenant WHERE id=?1", id);
    if (rows.next()) read_counts(rows, 0, known->second.counts);
  }
  return known->second;
}

SqliteCounters::Tenant& SqliteCounters::change(std::int64_t id) {
  Tenant& one = tenant(id);
  if (!one.dirty) changed_.push_back(id);
  one.dirty = dirty_ = true;
  return one;
}

}  // namespace hookline::detail
