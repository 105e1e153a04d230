// The part of the core that decides whose request goes out next, and what does not go out now.

#include <algorithm>
#include <iterator>
#include <utility>

#include "deliver/delivery_core.hpp"
#include "deliver/delivery_record.hpp"

namespace hookline::detail {

Orders DeliveryCore::advance(const Moment& now) {
  now_ = std::max(now_, now.due);
  Orders orders;
  wake_rested(now);
  take_turns(orders, now);
  orders.disables.swap(disables_);
  orders.notices.swap(notices_);
  orders.remarks.swap(remarks_);
  const auto work_at = next_work();
  if (work_at && *work_at <= now.due) {
    make_work(now);
    orders.work = &work_;
  }
  return orders;
}

bool DeliveryCore::has_orders() const {
  return may_take_turns() || !disables_.empty() || !notices_.empty() || !remarks_.empty();
}

std::optional<DueTime> DeliveryCore::wake_at() const {
  std::optional<DueTime> at = next_work();
  if (!resting_.empty() && in_flight_.size() < options_.max_in_flight) {
    const DueTime rested = resting_.begin()->first.first;
    at = std::min(at.value_or(rested), rested);
  }
  return at;
}

void DeliveryCore::take_turns(Orders& orders, const Moment& now) {
  while (may_take_turns()) take_turn(turns_.pop(), orders, now);
}

bool DeliveryCore::may_take_turns() const {
  return !turns_.empty() && (!may_send() || in_flight_.size() < options_.max_in_flight);
}

void DeliveryCore::take_turn(Lane& lane, Orders& orders, const Moment& now) {
  if (lane.queue.empty()) return forget_if_idle(lane);  // it was closed while it stood in line
  const LaneSettings current = settings(lane.key);
  if (current.state == LaneSettings::State::gone) {
    discard_queue(lane, now);
    drain(lane);
  } else if (current.state == LaneSettings::State::closed) {
    close(lane, now);
  } else if (!may_send() || blocked(lane, now.due)) {
    release_queue(lane, now);
  } else if (current.fifo && !lane.in_order) {
    // It was claimed before the webhook asked for order, and something older may wait.
    release_queue(lane, now);
  } else if (lane.in_flight >= allowed(lane, current)) {
    // The next answer puts it in line again.
  } else if (lane.health.not_before() > now.due) {
    rest(lane, now);
  } else {
    send_next(lane, current, orders, now);
    line_up(lane);
  }
  forget_if_idle(lane);
}

void DeliveryCore::send_next(Lane& lane, const LaneSettings& current, Orders& orders,
                             const Moment& now) {
  Claim claim = std::move(lane.queue.front());
  lane.queue.pop_front();
  // Never send under a lease that could end before the answer is recorded.
  if (now.due + options_.request_timeout + kLeaseMargin / 2 > claim.lease_until) {
    let_go(lane, claim);
    release(std::move(claim), now);
    return;
  }
  if (in_flight_.empty()) answered_at_ = now_;
  ++lane.in_flight;
  lane.health.sent(now.due, current.spacing);
  if (reachability_.offline()) reachability_.probed(now.due);
  const DeliveryId id = claim.id;
  const auto sent = in_flight_.emplace(id, InFlight{std::move(claim), &lane}).first;
  orders.sends.push_back(&sent->second.claim);
}

/// How many requests a lane may have out: one at a time until its receiver has shown that it works.
std::size_t DeliveryCore::allowed(const Lane& lane, const LaneSettings& current) const {
  return current.fifo || !lane.health.proven(now_) ? 1 : current.max_in_flight;
}

/// Whether nobody was there the last time, and nobody has answered another lane since.
bool DeliveryCore::found_nobody(const Lane& lane) const {
  return lane.unreachable_in == reachability_.period();
}

/// While the sender is offline, a lane that has found nobody waits for the next probe. One that has
/// not tried yet may: it would show that the others are at fault.
bool DeliveryCore::blocked(const Lane& lane, DueTime now) const {
  return reachability_.offline() && found_nobody(lane) && now < reachability_.probe_at();
}

// --- Lanes that wait -----------------------------------------------------------------------------

/// A short wait is waited for with the claims at hand; for a long one they go back to the store.
void DeliveryCore::rest(Lane& lane, const Moment& now) {
  const DueTime until = lane.health.not_before();
  if (until - now.due > kShortRest) {
    release_queue(lane, now);
    hold(lane, until);
    return;
  }
  lane.resting = true;
  lane.rests_until = until;
  resting_.emplace(std::pair(until, lane.number), &lane);
}

void DeliveryCore::wake(Lane& lane) {
  if (!lane.resting) return;
  resting_.erase({lane.rests_until, lane.number});
  lane.resting = false;
}

void DeliveryCore::wake_rested(const Moment& now) {
  while (!resting_.empty() && resting_.begin()->first.first <= now.due) {
    Lane& lane = *resting_.begin()->second;
    wake(lane);
    line_up(lane);
  }
}

/// The store is told not to list the lane until then.
void DeliveryCore::hold(Lane& lane, DueTime until) {
  lane.backlog = false;
  holds_.push_back({lane.key, until, false});
}

/// The webhook is paused or disabled: what is claimed goes back, and the lane is held until it is
/// opened again.
void DeliveryCore::close(Lane& lane, const Moment& now) {
  release_queue(lane, now);
  hold(lane, DueTime::max());
}

/// The webhook is gone: everything that the store has for it is claimed, to be discarded.
void DeliveryCore::drain(Lane& lane) {
  wake(lane);
  lane.draining = true;
  lane.backlog = true;
  line_up(lane);
}

void DeliveryCore::release_queue(Lane& lane, const Moment& now) {
  for (Claim& claim : lane.queue) {
    let_go(lane, claim);
    release(std::move(claim), now);
  }
  lane.queue.clear();
}

void DeliveryCore::discard_queue(Lane& lane, const Moment& now) {
  for (Claim& claim : lane.queue) {
    let_go(lane, claim);
    discard(std::move(claim), now);
  }
  lane.queue.clear();
}

/// A claim goes back as it came: due when it was due, and never counted.
void DeliveryCore::release(Claim claim, const Moment& now) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::released;
  outcome.due = claim.due;
  outcome.at = now.wall;
  outcome.claim = std::move(claim);
  record(std::move(outcome), true);
}

void DeliveryCore::discard(Claim claim, const Moment& now) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::discarded;
  outcome.reason = kWebhookRemoved;
  outcome.at = now.wall;
  outcome.claim = std::move(claim);
  record(std::move(outcome), true);
}

// --- Lanes ---------------------------------------------------------------------------------------

Lane& DeliveryCore::lane_at(const LaneKey& key) {
  const auto [lane, added] = lanes_.try_emplace(key);
  if (added) {
    lane->second.key = key;
    lane->second.number = ++last_lane_;
  }
  return lane->second;
}

/// A lane that knows something is kept for a while: until there are too many of its kind.
void DeliveryCore::forget_if_idle(Lane& lane) {
  if (!lane.idle()) return;
  const std::size_t limit = options_.max_idle_lanes + kHeldPerRequest * options_.max_in_flight;
  if (!lane.memorable()) {
    lanes_.erase(LaneKey(lane.key));
  } else if (lanes_.size() > limit) {
    forget_idle_lanes(false);
    // What they lose is a breaker's count; the store keeps the holds of those that have work.
    if (lanes_.size() > limit / 2) forget_idle_lanes(true);
  }
}

void DeliveryCore::forget_idle_lanes(bool those_that_wait_too) {
  for (auto each = lanes_.begin(); each != lanes_.end();) {
    const bool waits = each->second.health.not_before() > now_;
    const bool goes = each->second.idle() && (those_that_wait_too || !waits);
    each = goes ? lanes_.erase(each) : std::next(each);
  }
}

LaneSettings DeliveryCore::settings(const LaneKey& key) const {
  LaneSettings current = directory_.settings(key);
  if (current.state == LaneSettings::State::open && disabling_.count(key) > 0) {
    current.state = LaneSettings::State::closed;
  }
  return current;
}

/// Puts a lane in line for what it has to do: send what is claimed, claim what is in the store.
void DeliveryCore::line_up(Lane& lane) {
  if (!lane.in_turn && !lane.resting && !lane.queue.empty()) turns_.push(lane);
  if (!lane.backlog || lane.asked_for > 0) return;
  if (stopping_) return hold(lane, DueTime::min());
  if (!lane.hungry && room_for_claims(lane) > 0) {
    lane.hungry = true;
    hungry_.insert(lane.draining ? hungry_.begin() : hungry_.end(), lane.key);
  }
}

}  // namespace hookline::detail
