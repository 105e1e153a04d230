// Checks of outcomes, of what the core says, and of how things stand now and then and at the end.

#include <fmt/format.h>

#include <algorithm>

#include "deliver/delivery_record.hpp"
#include "simulation/invariants.hpp"

namespace hookline::simulation {
namespace {

using Kind = Outcome::Kind;
using Answer = AnswerFacts::Kind;
using detail::LaneSettings;

/// How long a lane may do nothing: others may have hanging requests before it in line.
constexpr std::chrono::minutes kSoon{4};
/// While the sender is offline a probe goes out every ten seconds, to one lane after the other.
constexpr std::chrono::minutes kProbe{2};

constexpr std::size_t kLanesListed = 64;

std::int64_t ms(Span span) { return std::chrono::floor<milliseconds>(span).count(); }

/// What was answered and is not recorded yet; null if nothing was.
const AnswerFacts* answer_to(const Facts& facts, int instance, DeliveryId id) {
  const auto& answers = facts.instances.at(static_cast<std::size_t>(instance)).answers;
  const auto found = answers.find(id);
  return found == answers.end() || found->second.recorded ? nullptr : &found->second;
}

Finding unexpected(const Outcome& outcome, const char* why) {
  return fmt::format("delivery {} has outcome {} after {}", outcome.claim.id,
                     static_cast<int>(outcome.kind), why);
}

Finding failure_is_scheduled(const Facts& facts, const AnswerFacts& answer,
                             const Outcome& outcome) {
  const DeliveryFacts& delivery = facts.deliveries.at(outcome.claim.id);
  const bool last = delivery.failures + 1 >= facts.script->schedule.size();
  if (outcome.kind == Kind::discarded || outcome.kind == Kind::released) return std::nullopt;
  if (outcome.kind != (last ? Kind::exhausted : Kind::retry)) {
    return fmt::format("delivery {} has outcome {} after {} failures", outcome.claim.id,
                       static_cast<int>(outcome.kind), delivery.failures + 1);
  }
  if (last || (answer.earliest <= outcome.due && outcome.due <= answer.latest)) return std::nullopt;
  return fmt::format("delivery {} is tried again after {} ms; {} to {} were right",
                     outcome.claim.id, ms(outcome.due - answer.at), ms(answer.earliest - answer.at),
                     ms(answer.latest - answer.at));
}

/// Whether a delivery is due in the store too, which may put it off when a lease was lost.
bool store_has_it_due(const Facts& facts, const DeliveryStore& store, DeliveryId id, DueTime by) {
  const DeliveryFacts& delivery = facts.deliveries.at(id);
  if (delivery.leased && delivery.lease_until > by) return false;
  const auto record = store.find(id);
  if (!record) return false;
  return !record->next_attempt_at || *record->next_attempt_at <= detail::to_system_time(by);
}

/// How long a lane may do nothing though something is due.
Span patience(const Facts& facts, const ReceiverFacts& about) {
  Span soon = Span(kSoon) + about.settings.spacing;
  for (const int instance : {0, 1}) {
    if (facts.offline(instance)) soon += kProbe * static_cast<int>(facts.receivers.size());
  }
  return soon;
}

/// The least offset of the due times of an instance that runs, and the greatest of any that ran.
std::pair<Span, Span> offsets(const Facts& facts) {
  Span behind = Span::max();
  Span ahead = Span::min();
  for (const InstanceFacts& instance : facts.instances) {
    if (instance.alive) behind = std::min(behind, instance.offset);
    if (instance.life > 0) ahead = std::max(ahead, instance.offset);
  }
  return {behind, ahead};
}

bool may_be_pruned(const Facts& facts, const DeliveryFacts& delivery) {
  const Retention& kept = facts.script->retention;
  const auto age =
      delivery.outcome == DeliveryStatus::delivered ? kept.delivered : kept.exhausted_and_discarded;
  const auto aged = [&](int instance) { return facts.due_now(instance) - delivery.ended >= age; };
  return aged(0) || aged(1);
}

}  // namespace

Finding fence_holds(const Facts& facts, const Outcome& outcome, bool recorded) {
  const auto found = facts.deliveries.find(outcome.claim.id);
  const bool valid = found != facts.deliveries.end() && !found->second.erased &&
                     !found->second.outcome && found->second.leased &&
                     found->second.lease == outcome.claim.lease;
  if (valid == recorded) return std::nullopt;
  return fmt::format("delivery {}: its outcome under lease {} was {}recorded", outcome.claim.id,
                     outcome.claim.lease, recorded ? "" : "not ");
}

Finding outcome_is_scheduled(const Facts& facts, int instance, const Outcome& outcome) {
  const DeliveryFacts& delivery = facts.deliveries.at(outcome.claim.id);
  const AnswerFacts* answer = answer_to(facts, instance, outcome.claim.id);
  if (!answer) {
    const bool waits_or_goes = outcome.kind == Kind::released || outcome.kind == Kind::discarded;
    return waits_or_goes ? std::nullopt : unexpected(outcome, "no answer");
  }
  if (outcome.attempt && outcome.attempt->number != delivery.failures + 1) {
    return fmt::format("delivery {} counts try {} as its {}th", outcome.claim.id,
                       delivery.failures + 1, outcome.attempt->number);
  }
  switch (answer->kind) {
    case Answer::success:
      return outcome.kind == Kind::delivered ? std::nullopt : unexpected(outcome, "a 2xx");
    case Answer::gone:
      return outcome.kind == Kind::exhausted ? std::nullopt : unexpected(outcome, "a 410");
    case Answer::unusable:
      return outcome.kind == Kind::exhausted ? std::nullopt : unexpected(outcome, "a refusal");
    case Answer::cancelled:
      return outcome.kind == Kind::released ? std::nullopt : unexpected(outcome, "a shutdown");
    case Answer::failure:
      break;
  }
  return failure_is_scheduled(facts, *answer, outcome);
}

Finding try_counts_rightly(const Facts& facts, int instance, const Outcome& outcome) {
  const AnswerFacts* answer = answer_to(facts, instance, outcome.claim.id);
  if (!answer || answer->kind != Answer::failure) return std::nullopt;
  const bool counted = outcome.kind != Kind::released;
  if (counted && answer->offline && answer->unreached) {
    return fmt::format("delivery {} loses a try to a sender without a network", outcome.claim.id);
  }
  if (!counted && !(answer->offline_since && answer->unreached)) {
    return fmt::format("delivery {} failed, and the try was not counted", outcome.claim.id);
  }
  return std::nullopt;
}

Finding release_changes_nothing(const Facts& facts, int instance, const Outcome& outcome) {
  if (outcome.kind != Kind::released) return std::nullopt;
  const DeliveryFacts& delivery = facts.deliveries.at(outcome.claim.id);
  const auto& lanes = facts.instances.at(static_cast<std::size_t>(instance)).lanes;
  const auto lane = lanes.find(delivery.receiver);
  if (lane != lanes.end() && lane->second.out.count(outcome.claim.id) > 0) {
    return fmt::format("delivery {} is released while its request is out", outcome.claim.id);
  }
  if (outcome.attempt) return unexpected(outcome, "a try that does not count");
  const bool sent = answer_to(facts, instance, outcome.claim.id) != nullptr;
  if (outcome.due < delivery.not_before || (!sent && outcome.due != outcome.claim.due)) {
    return fmt::format("delivery {} is due {} ms later when released, not as it was",
                       outcome.claim.id, ms(outcome.due - outcome.claim.due));
  }
  return std::nullopt;
}

Finding discard_has_a_reason(const Facts& facts, const Outcome& outcome) {
  if (outcome.kind != Kind::discarded) return std::nullopt;
  const int receiver = facts.deliveries.at(outcome.claim.id).receiver;
  if (facts.receivers.at(receiver).removed_once) return std::nullopt;
  return fmt::format("delivery {} is discarded, but r{} was not removed", outcome.claim.id,
                     receiver);
}

Finding disable_has_a_reason(const Facts& facts, int instance, int receiver) {
  const ReceiverFacts& about = facts.receivers.at(receiver);
  if (about.said_gone) return std::nullopt;
  const auto since = about.failing_since;
  if (since && facts.due_now(instance) - *since >= detail::DeliveryCore::kFailingTooLong) {
    return std::nullopt;
  }
  return fmt::format("r{} is disabled after failing for {} ms", receiver,
                     since ? ms(facts.due_now(instance) - *since) : 0);
}

Finding offline_is_right(const Facts& facts, int instance, const detail::DeliveryCore& core) {
  if (core.offline() == facts.offline(instance)) return std::nullopt;
  return fmt::format("instance {} takes itself for {}", instance,
                     core.offline() ? "offline" : "online");
}

Finding notice_is_true(const Facts& facts, const detail::Notice& notice) {
  const DeliveryFacts& delivery = facts.deliveries.at(notice.delivery.id);
  if (delivery.erased) return std::nullopt;
  const bool ended = notice.delivery.finished_at.has_value();
  if (ended && delivery.outcome != notice.delivery.status) {
    return fmt::format("the host hears that delivery {} is {}, which is not recorded",
                       notice.delivery.id, hookline::to_string(notice.delivery.status));
  }
  if (!ended && notice.delivery.attempts > delivery.failures) {
    return fmt::format("the host hears of {} tries of delivery {}, {} are recorded",
                       notice.delivery.attempts, notice.delivery.id, delivery.failures);
  }
  return std::nullopt;
}

Finding memory_is_bounded(const Facts& facts, int instance, const detail::DeliveryCore& core) {
  const std::size_t most_claims = 16 * facts.script->max_in_flight;  // all of them small
  if (core.claims_in_memory() > most_claims) {
    return fmt::format("instance {} holds {} claims, {} at most", instance, core.claims_in_memory(),
                       most_claims);
  }
  const std::size_t most_lanes = facts.script->max_idle_lanes + most_claims + 2 * kLanesListed;
  if (core.lanes_in_memory() > most_lanes) {
    return fmt::format("instance {} knows {} lanes, {} at most", instance, core.lanes_in_memory(),
                       most_lanes);
  }
  const std::size_t out = facts.instances.at(static_cast<std::size_t>(instance)).out;
  if (core.in_flight() == out) return std::nullopt;
  return fmt::format("instance {} thinks that {} requests are out, not {}", instance,
                     core.in_flight(), out);
}

Finding lane_makes_progress(const Facts& facts, const DeliveryStore& store, int receiver) {
  const ReceiverFacts& about = facts.receivers.at(receiver);
  if (facts.paused || about.settings.state != LaneSettings::State::open) return std::nullopt;
  const auto [behind, ahead] = offsets(facts);
  if (behind > ahead) return std::nullopt;  // nobody runs
  const Span soon = patience(facts, about);
  const Span quiet_since =
      std::max({about.last_order, about.disturbed_until, facts.disturbed_until});
  // What an instance whose clock is ahead has leased or held, one that is behind has to wait for.
  if (facts.now - quiet_since < soon + (ahead - behind)) return std::nullopt;
  const DueTime by = DueTime(facts.now) + behind - soon;
  for (const DeliveryId id : about.unfinished) {
    if (facts.deliveries.at(id).not_before <= by && store_has_it_due(facts, store, id, by)) {
      return fmt::format("delivery {} of r{} is due, and nothing goes there since {} ms", id,
                         receiver, ms(facts.now - quiet_since));
    }
    if (about.settings.fifo) break;
  }
  return std::nullopt;
}

Finding delivery_came_to_its_end(const Facts& facts, const DeliveryStore& store, DeliveryId id) {
  const DeliveryFacts& delivery = facts.deliveries.at(id);
  const auto record = store.find(id);
  if (delivery.erased) {
    return record ? Finding(fmt::format("delivery {} was erased and is still there", id))
                  : std::nullopt;
  }
  if (!delivery.outcome) {
    return fmt::format("delivery {} of r{} never ended: {}", id, delivery.receiver,
                       record ? hookline::to_string(record->status) : "it is gone");
  }
  if (!record) {
    return may_be_pruned(facts, delivery)
               ? std::nullopt
               : Finding(fmt::format("the record of delivery {} is gone too early", id));
  }
  if (record->status == *delivery.outcome) return std::nullopt;
  return fmt::format("delivery {} was {}, but the store says {}", id,
                     hookline::to_string(*delivery.outcome), hookline::to_string(record->status));
}

}  // namespace hookline::simulation
