#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "deliver/delivery_core.hpp"
#include "simulation/faulty_store.hpp"
#include "simulation/scene.hpp"
#include "simulation/script.hpp"
#include "simulation/witness.hpp"

namespace hookline::simulation {

/// One process with a dispatcher in it: it does to the core what the runner does, in virtual time,
/// and can die at any moment. Then the store stays, and everything else is gone.
class Instance {
 public:
  /// What the others have to hear of.
  struct News {
    std::function<void()> store_changed;
    std::function<void(const detail::DisableOrder&)> disables;
  };

  Instance(int number, Scene& scene, DeliveryStore& store, Witness& witness, const Seams& seams,
           News news);
  ~Instance();

  void start();
  void crash();
  /// A shutdown in good order: requests that are out may end, and are cut off after a while.
  void stop();
  void freeze(Span until) { frozen_until_ = until; }
  [[nodiscard]] bool runs() const { return core_ != nullptr; }
  /// Whether it takes dispatches and commands.
  [[nodiscard]] bool serves() const { return core_ != nullptr && !stopping_; }
  [[nodiscard]] bool idle() const;

  void dispatch(const Action& action);
  /// Does something with the store, and then tells the core.
  void command(std::function<void(DeliveryStore&, detail::DeliveryCore&, const Moment&)> act);
  void webhook_changed(const LaneKey& lane);
  /// Somebody else has changed the store.
  void look(Span delay);

  [[nodiscard]] std::uint64_t requests() const { return requests_; }
  [[nodiscard]] std::uint64_t digest() const { return digest_; }

 private:
  /// Randomness that an action less does not change.
  class Dice;

  [[nodiscard]] Moment now() const;
  void later(Span delay, std::function<void()> act);
  void resume(std::uint64_t life, const std::function<void()>& act);
  void pump(bool woken);
  void plan_wake();
  void end();

  [[nodiscard]] NewEvent event_of(const Action& action) const;
  void append(const NewEvent& event);
  void settle(const NewEvent& event, const Result<AppendedEvent>& stored);
  void carry_out(detail::Orders& orders);
  void make_request(const Claim& claim);
  void answer(const Claim& claim, HttpResult result, std::uint64_t revision);
  void exchange(const StoreWork& work);
  void cut_off();

  const int number_;
  Scene& scene_;
  DeliveryStore& shared_store_;
  Witness& witness_;
  const Seams& seams_;
  const News news_;
  const std::unique_ptr<detail::LaneDirectory> directory_;  ///< null: the scene itself
  std::unique_ptr<DeliveryStore> own_store_;                ///< null: the shared one
  std::unique_ptr<FaultyStore> store_;
  std::unique_ptr<Dice> dice_;
  std::unique_ptr<detail::DeliveryCore> core_;
  std::uint64_t life_ = 0;  ///< grows with every start and end: what an earlier one began is void
  Span offset_{0};          ///< of due times
  Span wall_at_start_{0};
  Span frozen_until_{0};
  bool stopping_ = false;
  bool looking_ = false;
  int appending_ = 0;
  int idle_wakes_ = 0;  ///< in a row
  std::optional<Span> wake_at_;
  std::unordered_map<DeliveryId, const Claim*> out_;
  std::uint64_t requests_ = 0;
  std::uint64_t digest_ = 1469598103934665603u;
};

}  // namespace hookline::simulation
