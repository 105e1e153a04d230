#pragma once

#include <optional>
#include <string>
#include <vector>

#include "simulation/facts.hpp"
#include "simulation/invariants.hpp"
#include "simulation/promise.hpp"

namespace hookline::simulation {

/// Sees everything that the store does and everything that is sent, keeps the facts, and checks at
/// each step what must hold. It keeps the first violation.
class Witness {
 public:
  /// `apart`: each instance has opened the store by itself.
  Witness(const Script& script, bool apart);

  // --- What the store has done; told by the store's wrapper, whatever its caller then hears ------

  void stored(int instance, const NewEvent& event, const AppendedEvent& appended);
  void exchanged(int instance, const StoreWork& work, const StoreReply& reply);
  void replayed(const Delivery& delivery, DueTime due);
  void discarded(const DeliveryQuery& query, const std::string& reason, const StoreBite& bite,
                 const Moment& now);
  void erased(const EraseQuery& query, const StoreBite& bite);

  // --- What an instance does ---------------------------------------------------------------------

  void started(int instance, Span offset);
  /// `leases_end`: with its handle of the store.
  void ended(int instance, bool leases_end);
  void acknowledged(const std::vector<DeliveryId>& ids);
  void ordered(int instance, const Claim& claim);
  void not_made(int instance, const Claim& claim);
  void answered(int instance, const Claim& claim, const HttpResult& result, const Moment& now);
  void told_paused(int instance, bool paused);
  void told_changed(int instance, int receiver);
  void noticed(const detail::Notice& notice);
  void disables(int instance, const detail::DisableOrder& order);
  /// After the core has come to rest.
  void rested(int instance, const detail::DeliveryCore& core);

  // --- What happens in the world -----------------------------------------------------------------

  void configured(int receiver, const detail::LaneSettings& settings);
  void set_paused(bool paused) { facts_.paused = paused; }
  /// What has its reason until then: that nothing goes on.
  void disturbed(Span until);
  void time_is(Span now) { facts_.now = now; }

  void check_progress(const DeliveryStore& store);
  void check_end(const DeliveryStore& store);
  void require(Promise promise, Finding finding);

  [[nodiscard]] const std::optional<Violation>& violation() const { return violation_; }
  [[nodiscard]] const Facts& facts() const { return facts_; }

 private:
  const bool apart_;
  DeliveryFacts& add(DeliveryId id, const LaneKey& lane);
  void claimed(int instance, const StoreWork& work, const LaneClaim& wish, const Claim& claim);
  void recorded(int instance, const StoreWork& work, const Outcome& outcome,
                const RecordedOutcome& recorded);
  void apply(const StoreWork& work, const Outcome& outcome, const RecordedOutcome& recorded);
  void pruned(const StoreWork& work, const Delivery& delivery);
  void end_leases(int instance, DueTime now);
  void lease(int instance, DeliveryFacts& delivery, const Claim& claim);
  void lose_lease(DeliveryId id, DueTime now);
  void let_go(DeliveryFacts& delivery, DeliveryId id);
  void end(DeliveryFacts& delivery, DeliveryId id, DeliveryStatus status, DueTime now);
  void note_health(int instance, int receiver, const HttpResult& result, const AnswerFacts& answer);
  [[nodiscard]] AnswerFacts judge(const Claim& claim, const HttpResult& result,
                                  const Moment& now) const;
  [[nodiscard]] InstanceFacts& at(int instance) {
    return facts_.instances.at(static_cast<std::size_t>(instance));
  }

  Facts facts_;
  std::optional<Violation> violation_;
};

}  // namespace hookline::simulation
