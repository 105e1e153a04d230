// The part of the core that works with the store, one round at a time: while a round is under way,
// what is to be recorded and claimed gathers for the next one.

#include <algorithm>
#include <iterator>
#include <utility>

#include "deliver/delivery_core.hpp"
#include "deliver/delivery_record.hpp"

namespace hookline::detail {
namespace {

using std::chrono::milliseconds;

/// How many deliveries one round claims to discard them, and how many lanes it lists at most. Small
/// enough for a round to stay short, large enough for its cost not to matter.
constexpr std::size_t kDrainBite = 100;
constexpr std::size_t kLanesListed = 64;
constexpr std::size_t kLanesListedOffline = 16;

/// So many outcomes are worth a round, however young they are.
constexpr std::size_t kGathered = 64;

/// How many records one round prunes, and the pauses between such rounds: when there is more to do,
/// and when not.
constexpr std::size_t kPruneBite = 200;
constexpr milliseconds kNextBite{50};
constexpr std::chrono::minutes kNextPruning{1};

constexpr milliseconds kFirstRetryOfWork{100};
constexpr milliseconds kLastRetryOfWork{5'000};

template <class T>
void put_back(std::vector<T>& queue, std::vector<T> earlier) {
  earlier.insert(earlier.end(), std::make_move_iterator(queue.begin()),
                 std::make_move_iterator(queue.end()));
  queue = std::move(earlier);
}

}  // namespace

/// When the next round with the store is wanted. `advance` and `wake_at` both ask this one, so that
/// the core is never woken for what it then does not do, nor left asleep with work to do.
std::optional<DueTime> DeliveryCore::next_work() const {
  if (working_) return std::nullopt;
  std::optional<DueTime> at;
  const auto want_at = [&](DueTime time) { at = std::min(at.value_or(time), time); };
  const bool urgent = outcomes_urgent_ || outcomes_.size() >= kGathered || stopping_;
  if (!outcomes_.empty()) want_at(urgent ? DueTime::min() : next_gathered_);
  if (!holds_.empty() || look_) want_at(DueTime::min());
  if (can_claim()) {
    const auto first = lanes_.find(hungry_.front());
    const bool drains = first != lanes_.end() && first->second.draining;
    const bool enough_at_hand = held_.total() >= options_.max_in_flight;
    const DueTime then = enough_at_hand ? std::max(gate(), next_gathered_) : gate();
    want_at(drains ? DueTime::min() : then);
  }
  if (can_list() && poll_at_) want_at(std::max(*poll_at_, gate()));
  if (may_prune()) want_at(*prune_at_);
  return at ? std::optional(std::max(*at, retry_work_at_)) : std::nullopt;
}

void DeliveryCore::record(Outcome outcome, bool urgent) {
  outcomes_.push_back(std::move(outcome));
  outcomes_urgent_ = outcomes_urgent_ || urgent;
}

bool DeliveryCore::can_claim() const { return may_claim() && !hungry_.empty(); }

/// There is room for more claims, and not too many lanes wait for it already.
bool DeliveryCore::can_list() const { return may_claim() && hungry_.size() < lanes_listed(); }

std::size_t DeliveryCore::lanes_listed() const {
  return reachability_.offline() ? kLanesListedOffline : kLanesListed;
}

bool DeliveryCore::may_claim() const { return options_.deliver && may_send() && !held_.full(); }

bool DeliveryCore::may_prune() const { return options_.deliver && !stopping_ && prune_at_; }

/// When something may be claimed to be sent: while the sender is offline, one delivery for the next
/// probe.
DueTime DeliveryCore::gate() const {
  return reachability_.offline() ? reachability_.probe_at() : DueTime::min();
}

void DeliveryCore::make_work(const Moment& now) {
  working_ = true;
  work_ = StoreWork{};
  work_.first = first_round_;
  work_.now = now.due;
  work_.wall = now.wall;
  work_.lease_until = lease_until(now.due);
  work_.outcomes.swap(outcomes_);
  outcomes_urgent_ = false;
  next_gathered_ = now.due + options_.gather_time;
  if (can_claim()) add_claims(now);
  work_.holds.swap(holds_);
  if (poll_at_ && std::max(*poll_at_, gate()) <= now.due && can_list()) list_lanes();
  work_.retention = options_.retention;
  if (may_prune() && *prune_at_ <= now.due) work_.prune = kPruneBite;
  look_ = false;
  // The reply says when to look next; what is stored meanwhile is told to `waiting`.
  poll_at_before_work_ = std::exchange(poll_at_, std::nullopt);
}

void DeliveryCore::list_lanes() {
  work_.list_lanes = lanes_listed();
  work_.full_tenants = held_.full_tenants();
  passed_over_.insert(work_.full_tenants.begin(), work_.full_tenants.end());
}

void DeliveryCore::add_claims(const Moment& now) {
  if (reachability_.offline() && gate() <= now.due) choose_probe(now);
  std::size_t to_send = gate() <= now.due ? (reachability_.offline() ? 1 : hungry_.size()) : 0;
  for (std::size_t left = hungry_.size(); left > 0 && !held_.full(); --left) {
    const LaneKey key = hungry_.front();
    Lane& lane = lane_at(key);
    if (!lane.draining && to_send-- == 0) return;
    hungry_.pop_front();
    lane.hungry = false;
    if (!lane.draining && settings(key).state == LaneSettings::State::closed) {
      close(lane, now);
    } else if (!lane.draining && lane.health.not_before() > now.due + kShortRest) {
      hold(lane, lane.health.not_before());
    } else {
      claim(lane);
    }
    unpark(key.tenant);
    forget_if_idle(lane);
  }
}

/// Puts the lane first that is to find out whether the sender is still offline: one that has not
/// tried yet, or else the one whose try is longest ago. Others that have found nobody go back to
/// the store, so that they hide none that works.
void DeliveryCore::choose_probe(const Moment& now) {
  const auto tried_at = [&](const LaneKey& key) {
    const Lane& lane = lane_at(key);
    return found_nobody(lane) ? lane.unreachable_at : DueTime::min();
  };
  const auto first = std::find_if_not(hungry_.begin(), hungry_.end(),
                                      [&](const LaneKey& key) { return lane_at(key).draining; });
  const auto probe = std::min_element(first, hungry_.end(), [&](const auto& a, const auto& b) {
    return tried_at(a) < tried_at(b);
  });
  if (probe == hungry_.end()) return;
  std::rotate(first, probe, std::next(probe));
  const auto rest = std::stable_partition(std::next(first), hungry_.end(), [&](const auto& key) {
    return !found_nobody(lane_at(key));
  });
  for (auto key = rest; key != hungry_.end(); ++key) {
    Lane& lane = lane_at(*key);
    lane.hungry = false;
    hold(lane, now.due + Reachability::kLongestProbe);
  }
  hungry_.erase(rest, hungry_.end());
}

void DeliveryCore::claim(Lane& lane) {
  const std::size_t room = held_.room(lane.key.tenant);
  if (room == 0) {
    lane.hungry = true;
    parked_[lane.key.tenant].push_back(lane.key);
    return;
  }
  lane.asked_for = std::min(room_for_claims(lane), reachability_.offline() ? 1 : room);
  if (lane.asked_for == 0) return;
  held_.ask(lane.key.tenant, lane.asked_for);
  lane.in_order = !lane.draining && settings(lane.key).fifo;
  work_.claims.push_back({lane.key, lane.asked_for, lane.draining, lane.in_order});
}

void DeliveryCore::let_go(const Lane& lane, const Claim& claim) {
  held_.remove(lane.key.tenant, Holdings::weight_of(claim));
  made_room(lane.key.tenant);
}

/// Whatever makes room for a tenant brings one of its parked lanes back; what that one leaves
/// brings the next.
void DeliveryCore::made_room(const std::string& tenant) {
  // What is due of a tenant that had no room was not listed, and is not in `next_due` either.
  if (held_.has_share(tenant) && passed_over_.erase(tenant) > 0) waiting(DueTime::min());
  unpark(tenant);
}

void DeliveryCore::unpark(const std::string& tenant) {
  const auto parked = parked_.find(tenant);
  if (parked == parked_.end() || !held_.has_share(tenant)) return;
  hungry_.push_back(std::move(parked->second.front()));
  parked->second.pop_front();
  if (parked->second.empty()) parked_.erase(parked);
}

/// A lane may hold twice what it may have out, so that a request that ends finds the next delivery
/// in memory; but it claims only when half of that is used up, which keeps the rounds few.
std::size_t DeliveryCore::room_for_claims(const Lane& lane) const {
  if (lane.asked_for > 0) return 0;
  if (lane.draining) return kDrainBite;
  const LaneSettings current = settings(lane.key);
  // In order: the next one when the one before it is recorded.
  if (current.fifo) return lane.held() == 0 ? 1 : 0;
  const std::size_t out = allowed(lane, current);
  std::size_t most = 2 * out;
  if (current.spacing > current.spacing.zero()) {
    most = std::clamp<std::size_t>(kShortRest / current.spacing, 1, most);
    return lane.held() < most ? most - lane.held() : 0;
  }
  return lane.held() <= out ? most - lane.held() : 0;
}

void DeliveryCore::exchanged(Result<StoreReply> reply, const Moment& now) {
  now_ = std::max(now_, now.due);
  working_ = false;
  const bool recalled = std::exchange(recalled_, false);
  for (const LaneClaim& claim : work_.claims) {
    Lane& lane = lane_at(claim.lane);
    held_.end_asking(lane.key.tenant, lane.asked_for);
    made_room(lane.key.tenant);
    lane.asked_for = 0;
  }
  if (!reply) return work_failed(reply.error(), now);

  first_round_ = false;
  if (failures_ > 0) remark(Remark::Kind::store_recovered, {});
  failures_ = 0;
  retry_work_at_ = DueTime::min();
  note_recorded(*reply);
  for (ClaimedLane& claimed : reply->claimed) take_claims(claimed, now);
  if (recalled) recall(now);
  for (const LaneKey& key : reply->due_lanes) adopt(key);
  for (Delivery& delivery : reply->pruned) notices_.push_back({std::move(delivery), std::nullopt});
  if (reply->next_due) waiting(*reply->next_due);
  plan_pruning(*reply);
  set_paused(reply->paused);
}

void DeliveryCore::plan_pruning(const StoreReply& reply) {
  prune_at_ = reply.next_prune;
  if (!prune_at_) return;
  if (work_.prune > 0) {
    const bool behind = *prune_at_ <= work_.now;
    next_pruning_ = work_.now + (behind ? kNextBite : kNextPruning);
  }
  prune_at_ = std::max(*prune_at_, next_pruning_);
}

/// Nothing of the round has taken place: everything is put back and tried again after a pause.
void DeliveryCore::work_failed(const Error& error, const Moment& now) {
  if (failures_ == 0) remark(Remark::Kind::store_failing, {}, error.message);
  put_back(outcomes_, std::move(work_.outcomes));
  put_back(holds_, std::move(work_.holds));
  for (const LaneClaim& claim : work_.claims) line_up(lane_at(claim.lane));
  if (poll_at_before_work_) waiting(*poll_at_before_work_);
  look_ = true;
  const milliseconds pause = kFirstRetryOfWork * (1 << std::min<std::uint32_t>(failures_, 6));
  retry_work_at_ = now.due + std::min(pause, kLastRetryOfWork);
  ++failures_;
}

void DeliveryCore::note_recorded(StoreReply& reply) {
  notices_.reserve(notices_.size() + work_.outcomes.size());
  for (std::size_t i = 0; i < work_.outcomes.size(); ++i) {
    Outcome& outcome = work_.outcomes[i];
    RecordedOutcome& recorded = reply.recorded[i];
    if (!recorded.recorded) {
      remark(Remark::Kind::lease_lost, outcome.claim.lane);
      continue;
    }
    if (!recorded.taken_off.empty()) {
      outcome.kind = Outcome::Kind::discarded;
      outcome.reason = std::move(recorded.taken_off);
    }
    note_failing(outcome, recorded);
    if (outcome.kind == Outcome::Kind::released) continue;
    Notice notice{record_of(std::move(outcome.claim)), {}};
    apply(outcome, notice.delivery);
    notice.attempt = std::move(outcome.attempt);
    notices_.push_back(std::move(notice));
  }
}

/// The store remembers since when a lane has been failing, over the ends of processes too. A change
/// of the webhook is a new beginning, also one that was made while no dispatcher ran.
void DeliveryCore::note_failing(const Outcome& outcome, const RecordedOutcome& recorded) {
  const bool failed = outcome.attempt && outcome.kind != Outcome::Kind::delivered;
  if (!failed || !recorded.failing_since) return;
  const LaneKey& lane = outcome.claim.lane;
  const LaneSettings current = directory_.settings(lane);
  if (current.state != LaneSettings::State::open) return;
  DueTime since = *recorded.failing_since;
  if (current.changed_at <= work_.now) since = std::max(since, current.changed_at);
  if (work_.now - since < kFailingTooLong) return;
  disable(lane, outcome.webhook_revision, "every try has failed for 5 days");
}

void DeliveryCore::take_claims(ClaimedLane& claimed, const Moment& now) {
  Lane& lane = lane_at(claimed.lane);
  lane.backlog = claimed.more;
  for (Claim& claim : claimed.claims) {
    if (lane.draining) {
      discard(std::move(claim), now);
    } else if (const auto out = in_flight_.find(claim.id); out != in_flight_.end()) {
      // Its lease ended while its request is still out. The answer counts under the new lease.
      out->second.claim.lease = claim.lease;
      out->second.claim.lease_until = claim.lease_until;
    } else if (claim.due > now.due) {
      release(std::move(claim), now);  // claimed to be discarded, but the webhook is there again
    } else {
      held_.add(lane.key.tenant, Holdings::weight_of(claim));
      lane.queue.push_back(std::move(claim));
    }
  }
  lane.draining = lane.draining && claimed.more;
  line_up(lane);
  forget_if_idle(lane);
}

/// The store has listed this lane as due and holds it for us.
void DeliveryCore::adopt(const LaneKey& key) {
  Lane& lane = lane_at(key);
  lane.backlog = true;
  line_up(lane);
}

}  // namespace hookline::detail
