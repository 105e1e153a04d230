#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hookline/delivery_store.hpp"
#include "hookline/memory_store.hpp"

namespace hookline::simulation {

/// A memory store that somebody has got at: each of these, where it is set, changes what comes in
/// or goes out. It is how a test breaks a promise on purpose.
class TamperedStore final : public DeliveryStore {
 public:
  struct Hands {
    std::function<void(NewEvent&)> event;
    std::function<void(DeliveryStore&, const NewEvent&)> stored;
    std::function<void(StoreWork&)> work;
    /// With the work as it was asked for.
    std::function<void(const StoreWork&, StoreReply&)> reply;
    std::function<void(EraseQuery&)> erasure;
  };

  explicit TamperedStore(Hands hands) : hands_(std::move(hands)) {}

  std::vector<Result<AppendedEvent>> append(std::vector<NewEvent> events,
                                            const Quotas& quotas) override {
    for (NewEvent& event : events) {
      if (hands_.event) hands_.event(event);
    }
    auto results = inner_.append(events, quotas);
    for (const NewEvent& event : events) {
      if (hands_.stored) hands_.stored(inner_, event);
    }
    return results;
  }

  Result<StoreReply> exchange(const StoreWork& work) override {
    StoreWork changed = work;
    if (hands_.work) hands_.work(changed);
    auto reply = inner_.exchange(changed);
    if (reply && hands_.reply) hands_.reply(work, *reply);
    return reply;
  }

  Result<StoreBite> erase(const EraseQuery& query, std::size_t limit) override {
    EraseQuery changed = query;
    if (hands_.erasure) hands_.erasure(changed);
    return inner_.erase(changed, limit);
  }

  Result<Delivery> replay(DeliveryId id, const Moment& now) override {
    return inner_.replay(id, now);
  }
  Result<StoreBite> recover(const RecoverQuery& query, const Moment& now) override {
    return inner_.recover(query, now);
  }
  Result<StoreBite> discard(const DeliveryQuery& query, const std::string& reason,
                            const Moment& now) override {
    return inner_.discard(query, reason, now);
  }
  Result<void> set_paused(bool paused) override { return inner_.set_paused(paused); }
  Result<Delivery> find(DeliveryId id) const override { return inner_.find(id); }
  Result<DeliveryPage> list(const DeliveryQuery& query) const override {
    return inner_.list(query);
  }
  Result<std::vector<Attempt>> attempts(DeliveryId id) const override {
    return inner_.attempts(id);
  }
  Result<LanePage> lanes(const LaneQuery& query) const override { return inner_.lanes(query); }
  Result<DeliveryCounts> counts(const std::optional<std::string>& tenant) const override {
    return inner_.counts(tenant);
  }
  Result<bool> has_unfinished(DeliveryId up_to) const override {
    return inner_.has_unfinished(up_to);
  }
  Result<DeliveryId> newest() const override { return inner_.newest(); }
  Result<DueTime> last_time() const override { return inner_.last_time(); }

 private:
  MemoryStore inner_;
  const Hands hands_;
};

}  // namespace hookline::simulation
