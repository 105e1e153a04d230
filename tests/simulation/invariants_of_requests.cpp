// Checks of claims that are handed out and of requests that are ordered.

#include <fmt/format.h>

#include <algorithm>

#include "simulation/invariants.hpp"

namespace hookline::simulation {
namespace {

using detail::LaneHealth;
using detail::LaneSettings;

constexpr milliseconds kRequestTimeout{15'000};

std::int64_t ms(Span span) { return std::chrono::floor<milliseconds>(span).count(); }

const LaneFacts* lane_of(const Facts& facts, int instance, int receiver) {
  const auto& lanes = facts.instances.at(static_cast<std::size_t>(instance)).lanes;
  const auto found = lanes.find(receiver);
  return found == lanes.end() ? nullptr : &found->second;
}

}  // namespace

Finding event_is_stored_once(const Facts& facts, const NewEvent& event,
                             const AppendedEvent& appended) {
  if (!event.idempotency_key) return std::nullopt;
  const auto found = facts.keys.find({event.tenant, event.idempotency_key->key});
  const bool known = found != facts.keys.end();
  if (!appended.repeated) {
    // Instances whose clocks differ may differ about whether a key is as good as new.
    const bool expired = known && (found->second.key.expires <= facts.due_now(0) ||
                                   found->second.key.expires <= facts.due_now(1));
    if (!known || expired) return std::nullopt;
    return fmt::format("key {} of {} is used twice", event.idempotency_key->key, event.tenant);
  }
  if (!known) return fmt::format("key {} was never used", event.idempotency_key->key);
  const auto& deliveries = appended.receipt.deliveries;
  const bool same = std::equal(
      deliveries.begin(), deliveries.end(), found->second.ids.begin(), found->second.ids.end(),
      [](const AcceptedDelivery& accepted, DeliveryId id) { return accepted.id == id; });
  if (same && found->second.key.fingerprint == event.idempotency_key->fingerprint) {
    return std::nullopt;
  }
  return fmt::format("key {} is answered with another receipt", event.idempotency_key->key);
}

Finding was_stored(const Facts& facts, DeliveryId id) {
  if (facts.deliveries.count(id) > 0) return std::nullopt;
  return fmt::format("delivery {} is accepted, but not stored", id);
}

Finding claim_is_exclusive(const Facts& facts, const Claim& claim, DueTime now) {
  const auto found = facts.deliveries.find(claim.id);
  if (found == facts.deliveries.end()) return fmt::format("delivery {} does not exist", claim.id);
  const DeliveryFacts& delivery = found->second;
  if (delivery.outcome || delivery.erased) {
    return fmt::format("delivery {} is claimed though it has ended", claim.id);
  }
  if (delivery.leased && delivery.lease_until > now) {
    return fmt::format("delivery {} is claimed under lease {} though lease {} goes on", claim.id,
                       claim.lease, delivery.lease);
  }
  if (claim.lease <= delivery.lease) {
    return fmt::format("delivery {} is claimed under lease {} after lease {}", claim.id,
                       claim.lease, delivery.lease);
  }
  return std::nullopt;
}

Finding claim_is_due(const Facts& facts, const Claim& claim, const LaneClaim& wish, DueTime now) {
  const DueTime due = facts.deliveries.at(claim.id).not_before;
  if (wish.early || due <= now) return std::nullopt;
  return fmt::format("delivery {} is claimed {} ms early", claim.id, ms(due - now));
}

Finding claim_is_of_its_tenant(const Facts& facts, const Claim& claim, const LaneKey& asked) {
  const DeliveryFacts& delivery = facts.deliveries.at(claim.id);
  const LaneKey own = lane_key(facts.receivers.at(delivery.receiver).plan);
  if (!(claim.lane == asked) || !(claim.lane == own)) {
    return fmt::format("delivery {} of r{} is claimed as one of {} {}{}", claim.id,
                       delivery.receiver, claim.lane.tenant, claim.lane.webhook_id,
                       claim.lane.origin);
  }
  if (claim.import_id != delivery.import_id || !claim.body || *claim.body != delivery.body) {
    return fmt::format("delivery {} has another event's body", claim.id);
  }
  return std::nullopt;
}

Finding claim_counts_tries(const Facts& facts, const Claim& claim) {
  const DeliveryFacts& delivery = facts.deliveries.at(claim.id);
  if (claim.attempts == delivery.failures) return std::nullopt;
  return fmt::format("delivery {} is claimed after {} tries, but {} have counted", claim.id,
                     claim.attempts, delivery.failures);
}

Finding is_not_over(const Facts& facts, const Claim& claim) {
  const DeliveryFacts& delivery = facts.deliveries.at(claim.id);
  // Whose lease was lost cannot know what others have recorded since.
  if (claim.lease != delivery.lease) return std::nullopt;
  // Neither an erasure nor a command calls back what another instance is about to send.
  if (!delivery.outcome || delivery.erased || !delivery.taken_off.empty()) return std::nullopt;
  return fmt::format("delivery {} is sent though it has been {}", claim.id,
                     hookline::to_string(*delivery.outcome));
}

Finding is_due(const Facts& facts, int instance, const Claim& claim) {
  const DueTime due = facts.deliveries.at(claim.id).not_before;
  if (claim.lease != facts.deliveries.at(claim.id).lease) return std::nullopt;
  const DueTime now = facts.due_now(instance);
  if (due <= now) return std::nullopt;
  return fmt::format("delivery {} is sent {} ms early", claim.id, ms(due - now));
}

Finding lease_is_good(const Facts& facts, int instance, const Claim& claim) {
  const DeliveryFacts& delivery = facts.deliveries.at(claim.id);
  const auto& used = delivery.sent_under;
  if (std::find(used.begin(), used.end(), claim.lease) != used.end()) {
    return fmt::format("delivery {} is sent again under lease {}", claim.id, claim.lease);
  }
  if (claim.lease > delivery.lease) {
    return fmt::format("delivery {} is sent under lease {}, which nobody gave", claim.id,
                       claim.lease);
  }
  if (facts.due_now(instance) + kRequestTimeout > claim.lease_until) {
    return fmt::format("delivery {} is sent under a lease that could end before its answer",
                       claim.id);
  }
  return std::nullopt;
}

Finding lane_is_open(const Facts& facts, int instance, int receiver) {
  if (facts.receivers.at(receiver).settings.state != LaneSettings::State::open) {
    return fmt::format("r{} is not open and is sent to", receiver);
  }
  if (facts.instances.at(static_cast<std::size_t>(instance)).paused) {
    return fmt::format("r{} is sent to while everything is paused", receiver);
  }
  return std::nullopt;
}

Finding limits_hold(const Facts& facts, int instance, int receiver) {
  const std::size_t all = facts.instances.at(static_cast<std::size_t>(instance)).out + 1;
  if (all > facts.script->max_in_flight) {
    return fmt::format("{} requests are out on instance {}", all, instance);
  }
  const LaneFacts* lane = lane_of(facts, instance, receiver);
  const LaneSettings& settings = facts.receivers.at(receiver).settings;
  const std::size_t limit = settings.fifo ? 1 : settings.max_in_flight;
  const std::size_t out = (lane ? lane->out.size() : 0) + 1;
  if (out <= limit) return std::nullopt;
  return fmt::format("r{} has {} requests out, {} at most", receiver, out, limit);
}

Finding spacing_holds(const Facts& facts, int instance, int receiver) {
  const LaneFacts* lane = lane_of(facts, instance, receiver);
  if (!lane || facts.forgetful() || facts.due_now(instance) >= lane->next_start) {
    return std::nullopt;
  }
  return fmt::format("r{} is sent to {} ms before its rate limit allows", receiver,
                     ms(lane->next_start - facts.due_now(instance)));
}

Finding trial_holds(const Facts& facts, int instance, int receiver) {
  const LaneFacts* lane = lane_of(facts, instance, receiver);
  if (!lane || lane->out.empty()) return std::nullopt;
  const DueTime now = facts.due_now(instance);
  const bool proven = lane->last_success && now - *lane->last_success <= LaneHealth::kRecent;
  if (proven && lane->rests == 0) return std::nullopt;
  return fmt::format("r{} has {} requests out, though none has succeeded lately", receiver,
                     lane->out.size() + 1);
}

Finding rest_holds(const Facts& facts, int instance, int receiver) {
  const LaneFacts* lane = lane_of(facts, instance, receiver);
  if (!lane || facts.forgetful()) return std::nullopt;
  const DueTime until = std::max(lane->rests_until, lane->asked_until);
  const DueTime now = facts.due_now(instance);
  if (now >= until) return std::nullopt;
  return fmt::format("r{} is sent to {} ms before its rest is over", receiver, ms(until - now));
}

Finding order_holds(const Facts& facts, DeliveryId id) {
  const ReceiverFacts& receiver = facts.receivers.at(facts.deliveries.at(id).receiver);
  if (!receiver.settings.fifo || receiver.unfinished.empty()) return std::nullopt;
  if (*receiver.unfinished.begin() >= id) return std::nullopt;
  return fmt::format("delivery {} of r{} is sent before {}", id, receiver.plan.number,
                     *receiver.unfinished.begin());
}

}  // namespace hookline::simulation
