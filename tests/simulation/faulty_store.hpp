#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "hookline/delivery_store.hpp"
#include "simulation/witness.hpp"

namespace hookline::simulation {

/// How a call of a store goes wrong.
enum class Fault {
  none,
  fails,   ///< nothing has taken place, and the caller is told
  unknown  ///< it has taken place, and the caller is told that nobody knows
};

/// A store as one instance sees it: calls fail as the world says. The witness hears what really has
/// taken place, whatever the caller is told.
class FaultyStore final : public DeliveryStore {
 public:
  /// Refers to `inner` and `witness`. `fault` is asked before each call that changes something.
  FaultyStore(int instance, DeliveryStore& inner, Witness& witness, std::function<Fault()> fault)
      : instance_(instance), inner_(inner), witness_(witness), fault_(std::move(fault)) {}

  std::vector<Result<AppendedEvent>> append(std::vector<NewEvent> events,
                                            const Quotas& quotas) override;
  Result<StoreReply> exchange(const StoreWork& work) override;
  Result<Delivery> replay(DeliveryId id, const Moment& now) override;
  Result<StoreBite> recover(const RecoverQuery& query, const Moment& now) override;
  Result<StoreBite> discard(const DeliveryQuery& query, const std::string& reason,
                            const Moment& now) override;
  Result<StoreBite> erase(const EraseQuery& query, std::size_t limit) override;
  Result<void> set_paused(bool paused) override;
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
  template <class T, class Call, class Tell>
  Result<T> change(Call call, Tell tell);

  const int instance_;
  DeliveryStore& inner_;
  Witness& witness_;
  const std::function<Fault()> fault_;
};

}  // namespace hookline::simulation
