// What instances do and what happens in the world. What the store does is in witness_of_store.cpp.

#include "simulation/witness.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace hookline::simulation {
namespace {

using detail::LaneHealth;
using detail::LaneSettings;

Span seconds_asked(const HttpResult& result) {
  if (!result || !result->retry_after) return Span(0);
  return std::chrono::seconds(std::stoll(*result->retry_after));
}

AnswerFacts::Kind kind_of(const HttpResult& result) {
  if (!result) {
    if (result.error().failure == FailureClass::cancelled) return AnswerFacts::Kind::cancelled;
    return result.error().permanent ? AnswerFacts::Kind::unusable : AnswerFacts::Kind::failure;
  }
  if (result->status == 410) return AnswerFacts::Kind::gone;
  return result->status == 200 ? AnswerFacts::Kind::success : AnswerFacts::Kind::failure;
}

}  // namespace

Witness::Witness(const Script& script, bool apart) : apart_(apart) {
  facts_.script = &script;
  for (const ReceiverPlan& plan : script.receivers) facts_.receivers[plan.number].plan = plan;
}

void Witness::require(Promise promise, Finding finding) {
  if (finding && !violation_) violation_ = Violation{promise, std::move(*finding)};
}

// --- What an instance does -----------------------------------------------------------------------

void Witness::started(int instance, Span offset) {
  at(instance) = InstanceFacts{at(instance).life + 1, true, false, {}, offset, 0, {}, {}};
}

/// What it had out may still arrive; nobody waits for the answer.
void Witness::ended(int instance, bool leases_end) {
  at(instance).alive = false;
  if (!leases_end) return;
  const auto leases = facts_.leases;
  for (const auto& [until, id] : leases) {
    if (facts_.deliveries.at(id).leased_by == instance) lose_lease(id, facts_.due_now(instance));
  }
}

void Witness::acknowledged(const std::vector<DeliveryId>& ids) {
  for (const DeliveryId id : ids) require(Promise::nothing_lost, was_stored(facts_, id));
}

void Witness::ordered(int instance, const Claim& claim) {
  DeliveryFacts& delivery = facts_.deliveries.at(claim.id);
  const int receiver = delivery.receiver;
  require(Promise::one_outcome, is_not_over(facts_, claim));
  require(Promise::never_early, is_due(facts_, instance, claim));
  require(Promise::one_try_a_lease, lease_is_good(facts_, instance, claim));
  require(Promise::closed, lane_is_open(facts_, instance, receiver));
  require(Promise::limits, limits_hold(facts_, instance, receiver));
  require(Promise::spacing, spacing_holds(facts_, instance, receiver));
  require(Promise::trial, trial_holds(facts_, instance, receiver));
  require(Promise::rest, rest_holds(facts_, instance, receiver));
  require(Promise::order, order_holds(facts_, claim.id));
  require(Promise::tenants_apart, claim_is_of_its_tenant(facts_, claim, claim.lane));

  ReceiverFacts& about = facts_.receivers.at(receiver);
  LaneFacts& lane = at(instance).lanes[receiver];
  lane.out.insert(claim.id);
  ++at(instance).out;
  lane.last_start = facts_.due_now(instance);
  lane.next_start = *lane.last_start + about.settings.spacing;
  about.last_order = facts_.now;
  delivery.sent_under.push_back(claim.lease);
  at(instance).answers.erase(claim.id);
}

void Witness::not_made(int instance, const Claim& claim) {
  at(instance).lanes.at(receiver_of(claim.lane)).out.erase(claim.id);
  --at(instance).out;
  // The lease is as good as before.
  auto& leases = facts_.deliveries.at(claim.id).sent_under;
  leases.erase(std::remove(leases.begin(), leases.end(), claim.lease), leases.end());
}

void Witness::answered(int instance, const Claim& claim, const HttpResult& result,
                       const Moment& now) {
  DeliveryFacts& delivery = facts_.deliveries.at(claim.id);
  const bool was_offline = facts_.offline(instance);
  AnswerFacts answer = judge(claim, result, now);
  answer.unreached = detail::is_unreachable(result);
  if (result) at(instance).unreached.clear();
  if (answer.unreached) at(instance).unreached.insert(delivery.receiver);
  answer.offline = was_offline;
  answer.offline_since = facts_.offline(instance);
  note_health(instance, delivery.receiver, result, answer);

  at(instance).lanes.at(delivery.receiver).out.erase(claim.id);
  --at(instance).out;
  at(instance).answers[claim.id] = answer;
}

/// What the schedule says about an answer to the next try.
AnswerFacts Witness::judge(const Claim& claim, const HttpResult& result, const Moment& now) const {
  AnswerFacts answer;
  answer.kind = kind_of(result);
  answer.at = now.due;
  const auto& schedule = facts_.script->schedule;
  if (answer.kind != AnswerFacts::Kind::failure || claim.attempts + 1 >= schedule.size()) {
    return answer;
  }
  const auto delay = static_cast<double>(schedule[claim.attempts + 1].count());
  const auto stretched = [&](double stretch, std::int64_t rounding) {
    const Span span = milliseconds(static_cast<std::int64_t>(delay * stretch) + rounding);
    return now.due + std::max(span, seconds_asked(result));
  };
  answer.earliest = stretched(1 - facts_.script->jitter, -1);
  answer.latest = stretched(1 + facts_.script->jitter, 1);
  return answer;
}

/// A lane rests after five failures in a row, twice as long each time; a receiver can ask for it.
void Witness::note_health(int instance, int receiver, const HttpResult& result,
                          const AnswerFacts& answer) {
  ReceiverFacts& about = facts_.receivers.at(receiver);
  LaneFacts& lane = at(instance).lanes.at(receiver);
  if (answer.kind == AnswerFacts::Kind::success) {
    lane.last_success = answer.at;
    lane.failures = lane.rests = 0;
    lane.rests_until = DueTime::min();
    return;
  }
  about.disturbed_until =
      std::max(about.disturbed_until, facts_.now + Span(LaneHealth::kLongestRest));
  if (answer.kind == AnswerFacts::Kind::gone) about.said_gone = true;
  const bool counts = answer.kind != AnswerFacts::Kind::cancelled &&
                      answer.kind != AnswerFacts::Kind::unusable &&
                      !(answer.offline_since && answer.unreached);
  if (!counts || about.settings.fifo) return;
  if (result && (result->status == 429 || result->status == 503)) {
    lane.asked_until = std::max(lane.asked_until, answer.at + seconds_asked(result));
    about.disturbed_until = std::max(about.disturbed_until, facts_.now + seconds_asked(result));
  }
  if (facts_.forgetful()) return;
  ++lane.failures;
  if (lane.failures < LaneHealth::kFailuresBeforeRest || answer.at < lane.rests_until) return;
  const Span rest = LaneHealth::kFirstRest * (std::int64_t{1} << std::min(lane.rests, 10u));
  lane.rests_until = answer.at + std::min<Span>(rest, LaneHealth::kLongestRest);
  ++lane.rests;
}

void Witness::told_paused(int instance, bool paused) { at(instance).paused = paused; }

void Witness::noticed(const detail::Notice& notice) {
  require(Promise::truth, notice_is_true(facts_, notice));
}

void Witness::disables(int instance, const detail::DisableOrder& order) {
  require(Promise::reasons, disable_has_a_reason(facts_, instance, receiver_of(order.lane)));
}

void Witness::rested(int instance, const detail::DeliveryCore& core) {
  require(Promise::bounded, memory_is_bounded(facts_, instance, core));
  require(Promise::free_tries, offline_is_right(facts_, instance, core));
}

// --- What happens in the world -------------------------------------------------------------------

void Witness::configured(int receiver, const LaneSettings& settings) {
  ReceiverFacts& about = facts_.receivers.at(receiver);
  const bool opened = settings.state == LaneSettings::State::open &&
                      about.settings.state != LaneSettings::State::open;
  if (settings.state == LaneSettings::State::gone) about.removed_once = true;
  if (opened) {
    about.said_gone = false;
    // Where nobody runs who could hear of it, it has been failing all the while.
    const bool heard = std::any_of(facts_.instances.begin(), facts_.instances.end(),
                                   [](const InstanceFacts& instance) { return instance.alive; });
    if (heard) about.failing_since.reset();
  }
  about.settings = settings;
  about.disturbed_until = std::max(about.disturbed_until, facts_.now);
}

/// A webhook that was changed may be asked anew, whatever its receiver said; but not faster.
void Witness::told_changed(int instance, int receiver) {
  const auto found = at(instance).lanes.find(receiver);
  if (found == at(instance).lanes.end()) return;
  LaneFacts& lane = found->second;
  lane.failures = lane.rests = 0;
  lane.rests_until = lane.asked_until = DueTime::min();
  if (!lane.last_start) return;
  const Span spacing = facts_.receivers.at(receiver).settings.spacing;
  lane.next_start = std::min(lane.next_start, *lane.last_start + spacing);
}

void Witness::disturbed(Span until) {
  facts_.disturbed_until = std::max(facts_.disturbed_until, until);
}

void Witness::check_progress(const DeliveryStore& store) {
  for (const auto& [number, receiver] : facts_.receivers) {
    require(Promise::progress, lane_makes_progress(facts_, store, number));
  }
}

void Witness::check_end(const DeliveryStore& store) {
  for (const auto& [id, delivery] : facts_.deliveries) {
    require(Promise::nothing_lost, delivery_came_to_its_end(facts_, store, id));
  }
}

}  // namespace hookline::simulation
