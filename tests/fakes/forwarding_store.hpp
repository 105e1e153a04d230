#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hookline/delivery_store.hpp"

namespace hookline::fakes {

/// Another store under a name of its own: what gets at some of the calls overrides those.
class ForwardingStore : public DeliveryStore {
 public:
  explicit ForwardingStore(std::shared_ptr<DeliveryStore> store) : store_(std::move(store)) {}

  std::vector<Result<AppendedEvent>> append(std::vector<NewEvent> events,
                                            const Quotas& quotas) override {
    return store_->append(std::move(events), quotas);
  }
  Result<StoreReply> exchange(const StoreWork& work) override { return store_->exchange(work); }
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

 protected:
  [[nodiscard]] DeliveryStore& inner() { return *store_; }

 private:
  const std::shared_ptr<DeliveryStore> store_;
};

}  // namespace hookline::fakes
