#include "hookline/memory_store.hpp"

#include <mutex>
#include <utility>

#include "base/fail.hpp"
#include "store/memory_tables.hpp"

namespace hookline {
namespace {

bool matches(const DeliveryQuery& query, const Delivery& delivery) {
  return (!query.tenant || *query.tenant == delivery.tenant) &&
         (!query.webhook_id || *query.webhook_id == delivery.webhook_id) &&
         (!query.import_id || *query.import_id == delivery.import_id) &&
         (!query.message_id || *query.message_id == delivery.message_id) &&
         (!query.status || *query.status == delivery.status);
}

}  // namespace

struct MemoryStore::State {
  explicit State(MemoryStoreOptions options) : tables(options) {}

  mutable std::mutex mutex;
  detail::MemoryTables tables;
};

MemoryStore::MemoryStore(MemoryStoreOptions options) : state_(std::make_unique<State>(options)) {}
MemoryStore::~MemoryStore() = default;

std::vector<Result<std::vector<DeliveryId>>> MemoryStore::append(std::vector<NewEvent> events) {
  std::vector<Result<std::vector<DeliveryId>>> results;
  results.reserve(events.size());
  const std::lock_guard lock(state_->mutex);
  for (NewEvent& event : events) results.push_back(state_->tables.append(std::move(event)));
  return results;
}

Result<StoreReply> MemoryStore::exchange(const StoreWork& work) {
  StoreReply reply;
  const std::lock_guard lock(state_->mutex);
  detail::MemoryTables& tables = state_->tables;
  if (work.first) tables.end_holds();
  // Outcomes come before the end of leases: one that is just in time counts.
  for (const Outcome& outcome : work.outcomes) reply.recorded.push_back(tables.record(outcome));
  tables.end_leases(work.now);
  for (const LaneHold& hold : work.holds) tables.hold(hold);
  for (const LaneClaim& claim : work.claims) reply.claimed.push_back(tables.claim(claim, work));
  reply.due_lanes = tables.list_due(work.list_lanes, work.now);
  reply.next_due = tables.next_due();
  return reply;
}

Result<Delivery> MemoryStore::replay(DeliveryId id,
                                     std::chrono::system_clock::time_point created_at,
                                     DueTime due) {
  const std::lock_guard lock(state_->mutex);
  return state_->tables.replay(id, created_at, due);
}

Result<Delivery> MemoryStore::find(DeliveryId id) const {
  const std::lock_guard lock(state_->mutex);
  if (const detail::DeliveryRow* row = state_->tables.find(id)) return row->record;
  return detail::fail(ErrorCode::delivery_not_found, "delivery: there is none with id {}", id);
}

Result<DeliveryPage> MemoryStore::list(const DeliveryQuery& query) const {
  if (query.limit < 1 || query.limit > 1000) {
    return detail::fail(ErrorCode::invalid_query, "limit: {} is not 1 to 1000", query.limit);
  }
  DeliveryPage page;
  const std::lock_guard lock(state_->mutex);
  const auto& all = state_->tables.deliveries();
  for (auto row = all.upper_bound(query.after); row != all.end(); ++row) {
    if (!matches(query, row->second.record)) continue;
    if (page.deliveries.size() == query.limit) {
      page.next = page.deliveries.back().id;
      break;
    }
    page.deliveries.push_back(row->second.record);
  }
  return page;
}

Result<std::vector<Attempt>> MemoryStore::attempts(DeliveryId id) const {
  const std::lock_guard lock(state_->mutex);
  if (const detail::DeliveryRow* row = state_->tables.find(id)) return row->attempts;
  return detail::fail(ErrorCode::delivery_not_found, "delivery: there is none with id {}", id);
}

Result<DeliveryCounts> MemoryStore::counts() const {
  const std::lock_guard lock(state_->mutex);
  return state_->tables.counts();
}

Result<bool> MemoryStore::has_unfinished(DeliveryId up_to) const {
  const std::lock_guard lock(state_->mutex);
  return state_->tables.has_unfinished(up_to);
}

}  // namespace hookline
