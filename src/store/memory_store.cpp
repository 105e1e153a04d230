#include "hookline/memory_store.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/fail.hpp"
#include "store/delivery_query.hpp"
#include "store/memory_append.hpp"
#include "store/memory_commands.hpp"
#include "store/memory_round.hpp"
#include "store/memory_tables.hpp"

namespace hookline {
namespace {

tl::unexpected<Error> not_found(DeliveryId id) {
  return detail::fail(ErrorCode::delivery_not_found, "delivery: there is none with id {}", id);
}

}  // namespace

struct MemoryStore::State {
  explicit State(MemoryStoreOptions options) : tables(options) {}

  mutable std::mutex mutex;
  detail::MemoryTables tables;
  bool paused = false;
  DueTime last_time = DueTime::min();
};

MemoryStore::MemoryStore(MemoryStoreOptions options) : state_(std::make_unique<State>(options)) {}
MemoryStore::~MemoryStore() = default;

std::vector<Result<AppendedEvent>> MemoryStore::append(std::vector<NewEvent> events,
                                                       const Quotas& quotas) {
  std::vector<Result<AppendedEvent>> results;
  results.reserve(events.size());
  const std::lock_guard lock(state_->mutex);
  for (NewEvent& event : events) {
    results.push_back(detail::append(state_->tables, std::move(event), quotas));
  }
  return results;
}

Result<StoreReply> MemoryStore::exchange(const StoreWork& work) {
  const std::lock_guard lock(state_->mutex);
  state_->last_time = std::max(state_->last_time, work.now);
  StoreReply reply = detail::exchange(state_->tables, work);
  reply.paused = state_->paused;
  return reply;
}

// --- Commands ------------------------------------------------------------------------------------

Result<Delivery> MemoryStore::replay(DeliveryId id, const Moment& now) {
  const std::lock_guard lock(state_->mutex);
  return detail::replay(state_->tables, id, now);
}

Result<StoreBite> MemoryStore::recover(const RecoverQuery& query, const Moment& now) {
  const std::lock_guard lock(state_->mutex);
  return detail::recover(state_->tables, query, now);
}

Result<StoreBite> MemoryStore::discard(const DeliveryQuery& query, const std::string& reason,
                                       const Moment& now) {
  const std::lock_guard lock(state_->mutex);
  return detail::discard(state_->tables, query, reason, now);
}

Result<StoreBite> MemoryStore::erase(const EraseQuery& query, std::size_t limit) {
  const std::lock_guard lock(state_->mutex);
  return detail::erase(state_->tables, query, limit);
}

Result<void> MemoryStore::set_paused(bool paused) {
  const std::lock_guard lock(state_->mutex);
  state_->paused = paused;
  return {};
}

// --- Queries -------------------------------------------------------------------------------------

Result<Delivery> MemoryStore::find(DeliveryId id) const {
  const std::lock_guard lock(state_->mutex);
  if (const detail::DeliveryRow* row = state_->tables.find(id)) return row->record;
  return not_found(id);
}

Result<DeliveryPage> MemoryStore::list(const DeliveryQuery& query) const {
  if (auto limit = detail::check_limit(query.limit); !limit) return tl::unexpected(limit.error());
  DeliveryPage page;
  const std::lock_guard lock(state_->mutex);
  const auto& all = state_->tables.deliveries();
  for (auto row = all.upper_bound(detail::start_of(query));
       row != all.end() && !detail::is_past(query, row->first); ++row) {
    if (!detail::matches(query, row->second.record)) continue;
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
  return not_found(id);
}

Result<LanePage> MemoryStore::lanes(const LaneQuery& query) const {
  if (auto limit = detail::check_limit(query.limit); !limit) return tl::unexpected(limit.error());
  const std::lock_guard lock(state_->mutex);
  return state_->tables.lanes().page(query);
}

Result<DeliveryCounts> MemoryStore::counts(const std::optional<std::string>& tenant) const {
  const std::lock_guard lock(state_->mutex);
  return state_->tables.tally(tenant).counts();
}

Result<bool> MemoryStore::has_unfinished(DeliveryId up_to) const {
  const std::lock_guard lock(state_->mutex);
  const auto& unfinished = state_->tables.tally(std::nullopt).unfinished();
  return !unfinished.empty() && unfinished.begin()->first <= up_to;
}

Result<DeliveryId> MemoryStore::newest() const {
  const std::lock_guard lock(state_->mutex);
  return state_->tables.last_id();
}

Result<DueTime> MemoryStore::last_time() const {
  const std::lock_guard lock(state_->mutex);
  return state_->last_time;
}

}  // namespace hookline
