// What the store does, told by its wrapper.

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "simulation/witness.hpp"

namespace hookline::simulation {

using Kind = Outcome::Kind;

void Witness::stored(int instance, const NewEvent& event, const AppendedEvent& appended) {
  require(Promise::repeatable, event_is_stored_once(facts_, event, appended));
  if (appended.repeated) return;
  if (const auto& key = event.idempotency_key) {
    facts_.keys[{event.tenant, key->key}] = {*key, event.receipt.import_id, appended.ids};
  }
  for (std::size_t i = 0; i < appended.ids.size(); ++i) {
    const NewDelivery& stored = event.deliveries[i];
    const DeliveryId id = appended.ids[i];
    DeliveryFacts& delivery = add(id, stored.lane);
    delivery.import_id = event.receipt.import_id;
    delivery.body = stored.lane.webhook_id.empty() ? *event.basic_body : *event.managed_body;
    delivery.accepted = event.accepted.due;
    delivery.not_before = stored.due;
    if (!stored.leased) continue;
    Claim born;
    born.id = id;
    born.lease = 1;
    born.lease_until = event.lease_until;
    lease(instance, delivery, born);
  }
}

void Witness::exchanged(int instance, const StoreWork& work, const StoreReply& reply) {
  for (std::size_t i = 0; i < work.outcomes.size(); ++i) {
    recorded(instance, work, work.outcomes[i], reply.recorded[i]);
  }
  end_leases(instance, work.now);
  for (std::size_t i = 0; i < reply.claimed.size(); ++i) {
    for (const Claim& claim : reply.claimed[i].claims)
      claimed(instance, work, work.claims[i], claim);
  }
  for (const Delivery& delivery : reply.pruned) pruned(work, delivery);
}

void Witness::recorded(int instance, const StoreWork& work, const Outcome& outcome,
                       const RecordedOutcome& recorded) {
  const DeliveryId id = outcome.claim.id;
  require(Promise::one_outcome, fence_holds(facts_, outcome, recorded.recorded));
  if (recorded.recorded) {
    require(Promise::schedule, outcome_is_scheduled(facts_, instance, outcome));
    require(Promise::free_tries, try_counts_rightly(facts_, instance, outcome));
    require(Promise::free_tries, release_changes_nothing(facts_, instance, outcome));
    require(Promise::reasons, discard_has_a_reason(facts_, outcome));
    apply(work, outcome, recorded);
  }
  const auto answer = at(instance).answers.find(id);
  if (answer != at(instance).answers.end()) answer->second.recorded = true;
}

void Witness::apply(const StoreWork& work, const Outcome& outcome,
                    const RecordedOutcome& recorded) {
  const DeliveryId id = outcome.claim.id;
  DeliveryFacts& delivery = facts_.deliveries.at(id);
  ReceiverFacts& receiver = facts_.receivers.at(delivery.receiver);
  let_go(delivery, id);
  if (outcome.attempt && outcome.kind != Kind::delivered && !receiver.failing_since) {
    receiver.failing_since = outcome.due < work.now ? outcome.due : work.now;
  }
  if (!recorded.taken_off.empty()) {
    if (recorded.taken_off != delivery.taken_off) {
      require(Promise::reasons, fmt::format("delivery {} was not to be taken off", id));
    }
    return end(delivery, id, DeliveryStatus::discarded, work.now);
  }
  switch (outcome.kind) {
    case Kind::delivered:
      receiver.failing_since.reset();
      return end(delivery, id, DeliveryStatus::delivered, work.now);
    case Kind::exhausted:
      return end(delivery, id, DeliveryStatus::exhausted, work.now);
    case Kind::discarded:
      return end(delivery, id, DeliveryStatus::discarded, work.now);
    case Kind::retry:
      ++delivery.failures;
      delivery.not_before = outcome.due;
      return;
    case Kind::released:
      return;
  }
}

void Witness::claimed(int instance, const StoreWork& work, const LaneClaim& wish,
                      const Claim& claim) {
  require(Promise::one_try_a_lease, claim_is_exclusive(facts_, claim, work.now));
  if (violation_) return;
  require(Promise::never_early, claim_is_due(facts_, claim, wish, work.now));
  require(Promise::tenants_apart, claim_is_of_its_tenant(facts_, claim, wish.lane));
  require(Promise::free_tries, claim_counts_tries(facts_, claim));
  lease(instance, facts_.deliveries.at(claim.id), claim);
}

void Witness::pruned(const StoreWork& work, const Delivery& record) {
  DeliveryFacts& delivery = facts_.deliveries.at(record.id);
  if (work.now - delivery.accepted < work.retention.pending) {
    require(Promise::reasons,
            fmt::format("delivery {} is discarded for its age too early", record.id));
  }
  end(delivery, record.id, DeliveryStatus::discarded, work.now);
}

void Witness::replayed(const Delivery& record, DueTime due) {
  const DeliveryFacts& original = facts_.deliveries.at(*record.replay_of);
  DeliveryFacts delivery;
  delivery.receiver = original.receiver;
  delivery.import_id = original.import_id;
  delivery.body = original.body;
  delivery.accepted = delivery.not_before = due;
  const LaneKey lane = lane_key(facts_.receivers.at(delivery.receiver).plan);
  if (record.tenant != lane.tenant || record.webhook_id != lane.webhook_id) {
    require(Promise::tenants_apart,
            fmt::format("delivery {} repeats one of another lane", record.id));
  }
  add(record.id, lane) = std::move(delivery);
}

void Witness::discarded(const DeliveryQuery& query, const std::string& reason,
                        const StoreBite& bite, const Moment& now) {
  for (const Delivery& record : bite.deliveries) {
    DeliveryFacts& delivery = facts_.deliveries.at(record.id);
    const LaneKey lane = lane_key(facts_.receivers.at(delivery.receiver).plan);
    if ((query.tenant && *query.tenant != lane.tenant) ||
        (query.webhook_id && *query.webhook_id != lane.webhook_id)) {
      require(Promise::tenants_apart, fmt::format("delivery {} of r{} is discarded with others'",
                                                  record.id, delivery.receiver));
    }
    if (delivery.outcome) {
      require(Promise::one_outcome, fmt::format("delivery {} ends twice", record.id));
      continue;
    }
    let_go(delivery, record.id);
    end(delivery, record.id, DeliveryStatus::discarded, now.due);
  }
  for (auto& [number, receiver] : facts_.receivers) {
    const LaneKey lane = lane_key(receiver.plan);
    if (query.webhook_id != lane.webhook_id || query.tenant != lane.tenant) continue;
    for (const DeliveryId id : receiver.unfinished) facts_.deliveries.at(id).taken_off = reason;
  }
}

void Witness::erased(const EraseQuery& query, const StoreBite& bite) {
  for (auto key = facts_.keys.begin(); key != facts_.keys.end();) {
    const bool meant = key->first.first == query.tenant &&
                       (!query.import_id || *query.import_id == key->second.import_id);
    key = meant ? facts_.keys.erase(key) : std::next(key);
  }
  std::uint64_t touched = 0;
  for (auto& [id, delivery] : facts_.deliveries) {
    const LaneKey lane = lane_key(facts_.receivers.at(delivery.receiver).plan);
    const bool meant =
        lane.tenant == query.tenant && (!query.import_id || *query.import_id == delivery.import_id);
    if (!meant || delivery.erased) continue;
    ++touched;
    let_go(delivery, id);
    if (!delivery.outcome) end(delivery, id, DeliveryStatus::discarded, DueTime::min());
    delivery.erased = true;
  }
  if (bite.count > touched) {
    require(Promise::tenants_apart,
            fmt::format("{} deliveries were erased, {} were meant", bite.count, touched));
  }
}

// --- The facts -----------------------------------------------------------------------------------

DeliveryFacts& Witness::add(DeliveryId id, const LaneKey& lane) {
  const auto [added, is_new] = facts_.deliveries.try_emplace(id);
  if (!is_new) require(Promise::one_outcome, fmt::format("delivery {} is there twice", id));
  added->second.receiver = receiver_of(lane);
  facts_.receivers.at(added->second.receiver).unfinished.insert(id);
  ++facts_.unfinished;
  return added->second;
}

void Witness::lease(int instance, DeliveryFacts& delivery, const Claim& claim) {
  let_go(delivery, claim.id);
  delivery.leased = true;
  delivery.leased_by = instance;
  delivery.lease = claim.lease;
  delivery.lease_until = claim.lease_until;
  facts_.leases.emplace(claim.lease_until, claim.id);
}

void Witness::let_go(DeliveryFacts& delivery, DeliveryId id) {
  if (delivery.leased) facts_.leases.erase({delivery.lease_until, id});
  delivery.leased = false;
}

/// Of instances that have the file open by themselves, each ends its own leases alone.
void Witness::end_leases(int instance, DueTime now) {
  for (auto lease = facts_.leases.begin(); lease != facts_.leases.end() && lease->first <= now;) {
    const DeliveryId id = lease->second;
    ++lease;
    if (!apart_ || facts_.deliveries.at(id).leased_by == instance) lose_lease(id, now);
  }
}

/// A delivery that a command has taken off does not wait again when its lease ends.
void Witness::lose_lease(DeliveryId id, DueTime now) {
  DeliveryFacts& delivery = facts_.deliveries.at(id);
  let_go(delivery, id);
  if (!delivery.taken_off.empty()) end(delivery, id, DeliveryStatus::discarded, now);
}

void Witness::end(DeliveryFacts& delivery, DeliveryId id, DeliveryStatus status, DueTime now) {
  delivery.outcome = status;
  delivery.ended = now;
  ReceiverFacts& receiver = facts_.receivers.at(delivery.receiver);
  if (receiver.unfinished.erase(id) == 0) return;
  --facts_.unfinished;
  // The one behind it may not have been able to go before.
  receiver.disturbed_until = std::max(receiver.disturbed_until, facts_.now);
}

}  // namespace hookline::simulation
