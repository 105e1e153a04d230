#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "harness/meter.hpp"
#include "hookline/delivery_store.hpp"

namespace hookline::bench {

/// Hands everything on to a store, and sees from the outcomes that pass through what has been
/// recorded and how long it took from the call of `dispatch`: the id of each import says when that
/// was (`timed_id`). Throws nothing; `failures` says how many outcomes were no success.
class WatchedStore final : public DeliveryStore {
 public:
  explicit WatchedStore(std::shared_ptr<DeliveryStore> store) : store_(std::move(store)) {}

  /// Waits until this many deliveries are recorded; false if that takes longer than 30 seconds.
  bool wait_for(std::uint64_t recorded);
  [[nodiscard]] std::uint64_t recorded() const;
  [[nodiscard]] std::uint64_t failures() const;
  /// Those since the last call.
  [[nodiscard]] Latencies take_latencies();
  /// Waits no more than so long for more than `recorded`.
  void wait_for_more(std::uint64_t recorded, std::chrono::milliseconds most);

  std::vector<Result<AppendedEvent>> append(std::vector<NewEvent> events,
                                            const Quotas& quotas) override {
    return store_->append(std::move(events), quotas);
  }
  Result<StoreReply> exchange(const StoreWork& work) override;
  Result<Delivery> replay(DeliveryId id, const Moment& now) override {
    return store_->replay(id, now);
  }
  Result<StoreBite> recover(const RecoverQuery& query, const Moment& now) override {
    return store_->recover(query, now);
  }
  Result<StoreBite> discard(const DeliveryQuery& query, const std::string& reason,
                            const Moment& now) override {
    return store_->discard(query, reason, now);
  }
  Result<StoreBite> erase(const EraseQuery& query, std::size_t limit) override {
    return store_->erase(query, limit);
  }
  Result<void> set_paused(bool paused) override { return store_->set_paused(paused); }
  Result<Delivery> find(DeliveryId id) const override { return store_->find(id); }
  Result<DeliveryPage> list(const DeliveryQuery& query) const override {
    return store_->list(query);
  }
  Result<std::vector<Attempt>> attempts(DeliveryId id) const override {
    return store_->attempts(id);
  }
  Result<LanePage> lanes(const LaneQuery& query) const override { return store_->lanes(query); }
  Result<DeliveryCounts> counts(const std::optional<std::string>& tenant) const override {
    return store_->counts(tenant);
  }
  Result<bool> has_unfinished(DeliveryId up_to) const override {
    return store_->has_unfinished(up_to);
  }
  Result<DeliveryId> newest() const override { return store_->newest(); }
  Result<DueTime> last_time() const override { return store_->last_time(); }
  std::shared_ptr<void> on_foreign_write(std::function<void()> changed) override {
    return store_->on_foreign_write(std::move(changed));
  }

 private:
  const std::shared_ptr<DeliveryStore> store_;
  mutable std::mutex mutex_;
  std::condition_variable more_;
  std::uint64_t recorded_ = 0;
  std::uint64_t failures_ = 0;
  Latencies latencies_;
};

/// An id for an import that is dispatched now.
[[nodiscard]] std::string timed_id();

}  // namespace hookline::bench
