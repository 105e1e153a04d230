#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fakes/forwarding_store.hpp"
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
class FaultyStore final : public fakes::ForwardingStore {
 public:
  /// Refers to `inner` and `witness`. `fault` is asked before each call that changes something.
  FaultyStore(int instance, DeliveryStore& inner, Witness& witness, std::function<Fault()> fault)
      : ForwardingStore({std::shared_ptr<void>(), &inner}),
        instance_(instance),
        witness_(witness),
        fault_(std::move(fault)) {}

  std::vector<Result<AppendedEvent>> append(std::vector<NewEvent> events,
                                            const Quotas& quotas) override;
  Result<StoreReply> exchange(const StoreWork& work) override;
  Result<Delivery> replay(DeliveryId id, const Moment& now) override;
  Result<StoreBite> recover(const RecoverQuery& query, const Moment& now) override;
  Result<StoreBite> discard(const DeliveryQuery& query, const std::string& reason,
                            const Moment& now) override;
  Result<StoreBite> erase(const EraseQuery& query, std::size_t limit) override;
  Result<void> set_paused(bool paused) override;

 private:
  template <class T, class Call, class Tell>
  Result<T> change(Call call, Tell tell);

  const int instance_;
  Witness& witness_;
  const std::function<Fault()> fault_;
};

}  // namespace hookline::simulation
