#include "deliver/delivery_core.hpp"

#include <algorithm>
#include <utility>

#include "deliver/delivery_record.hpp"

namespace hookline::detail {
namespace {

using std::chrono::milliseconds;

/// A lease leaves room for a request, for one that stands before it in line, and a margin.
constexpr milliseconds kLeaseMargin{60'000};

constexpr const char* kRemoved = "the webhook was removed";

/// What an attempt may take in the store, whatever a transport hands over.
constexpr std::size_t kKeptResponseBytes = 1024;
constexpr std::size_t kMaxErrorBytes = 1024;

Attempt make_attempt(const Claim& claim, SendResult& result, const Verdict& verdict) {
  Attempt attempt;
  attempt.number = claim.attempts + 1;
  attempt.started_at = result.started_at;
  attempt.duration = result.duration;
  attempt.url = std::move(result.url);
  attempt.error = verdict.error.substr(0, kMaxErrorBytes);
  if (result.result) {
    attempt.http_status = result.result->status;
    attempt.response_body = std::move(result.result->body);
    attempt.response_body.resize(std::min(attempt.response_body.size(), kKeptResponseBytes));
  } else {
    attempt.failure = result.result.error().failure;
  }
  return attempt;
}

}  // namespace

DeliveryCore::DeliveryCore(CoreOptions options, const LaneDirectory& lanes, Random& random)
    : options_(options),
      directory_(lanes),
      random_(random),
      held_(options.max_in_flight * 4),
      poll_at_(DueTime::min()) {}

// --- Accepting -----------------------------------------------------------------------------------

bool DeliveryCore::reserve(const LaneKey& key) {
  if (stopping_ || held_.room(key.tenant) == 0) return false;
  const LaneSettings now = settings(key);
  if (now.state != LaneSettings::State::open) return false;
  Lane& lane = lane_at(key);
  // What waits in the store is older and goes first.
  if (lane.backlog || lane.held() >= now.max_in_flight) return false;
  ++lane.reserved;
  held_.add(key.tenant, 1);
  return true;
}

void DeliveryCore::cancel_reservation(const LaneKey& key) {
  Lane& lane = lane_at(key);
  --lane.reserved;
  let_go(lane, 1);
  forget_if_idle(lane);
}

void DeliveryCore::accepted(Claim claim) {
  Lane& lane = lane_at(claim.lane);
  --lane.reserved;
  // Should its answer never come, somebody has to see the lease end.
  waiting(claim.lease_until);
  lane.queue.push_back(std::move(claim));
  line_up(lane);
}

void DeliveryCore::waiting(DueTime due) { poll_at_ = std::min(poll_at_.value_or(due), due); }

DueTime DeliveryCore::lease_until(DueTime now) const {
  return now + 2 * options_.request_timeout + kLeaseMargin;
}

// --- Sending -------------------------------------------------------------------------------------

void DeliveryCore::answered(DeliveryId id, SendResult result, const Now& now) {
  const auto sent = in_flight_.find(id);
  if (sent == in_flight_.end()) return;
  Claim claim = std::move(sent->second.claim);
  Lane& lane = *sent->second.lane;
  in_flight_.erase(sent);
  --lane.in_flight;
  let_go(lane, 1);

  const double stretch = 1.0 + options_.retry_jitter * (2.0 * random_.unit() - 1.0);
  const Verdict verdict = judge({result.result, claim.attempts + 1,
                                 directory_.retry_schedule(claim.lane), stretch, now.wall});
  if (verdict.gone && !claim.lane.webhook_id.empty()) {
    disables_.push_back({claim.lane, result.webhook_revision, "the receiver answered 410 Gone"});
    refused_.insert(claim.lane);
  }
  add_outcome(std::move(claim), std::move(result), verdict, now);
  line_up(lane);
  forget_if_idle(lane);
}

void DeliveryCore::add_outcome(Claim claim, SendResult result, const Verdict& verdict,
                               const Now& now) {
  Outcome outcome;
  outcome.at = now.wall;
  outcome.due = now.due + verdict.delay;
  outcome.kind = verdict.kind;
  if (verdict.kind != Outcome::Kind::released) {
    outcome.attempt = make_attempt(claim, result, verdict);
  }
  // The webhook was removed while the request was out: there is nothing to try again for.
  if (outcome.kind == Outcome::Kind::retry &&
      settings(claim.lane).state == LaneSettings::State::gone) {
    outcome.kind = Outcome::Kind::discarded;
    outcome.reason = kRemoved;
  }
  outcome.claim = std::move(claim);
  outcomes_.push_back(std::move(outcome));
}

void DeliveryCore::not_sent(DeliveryId id) {
  const auto sent = in_flight_.find(id);
  if (sent == in_flight_.end()) return;
  Lane& lane = *sent->second.lane;
  lane.queue.push_front(std::move(sent->second.claim));
  in_flight_.erase(sent);
  --lane.in_flight;
  line_up(lane);
}

// --- The configuration, the end ------------------------------------------------------------------

void DeliveryCore::webhook_changed(const LaneKey& key, LaneSettings::State state) {
  refused_.erase(key);
  if (state == LaneSettings::State::gone) {
    closed_.erase(key);
    drain(lane_at(key));
    return;
  }
  if (state == LaneSettings::State::open && closed_.erase(key) > 0) {
    holds_.push_back({key, DueTime::min()});
    waiting(DueTime::min());
  }
  const auto lane = lanes_.find(key);
  if (lane == lanes_.end()) return;
  lane->second.draining = false;
  line_up(lane->second);
}

void DeliveryCore::stop() {
  stopping_ = true;
  for (auto& [key, lane] : lanes_) line_up(lane);
}

bool DeliveryCore::settled() const {
  const auto queued = [](const auto& entry) { return !entry.second.queue.empty(); };
  return outcomes_.empty() && notices_.empty() && disables_.empty() && !working_ &&
         std::none_of(lanes_.begin(), lanes_.end(), queued);
}

// --- Orders --------------------------------------------------------------------------------------

Orders DeliveryCore::advance(const Now& now) {
  Orders orders;
  take_turns(orders, now);
  orders.disables.swap(disables_);
  orders.notices.swap(notices_);
  const auto work_at = next_work();
  if (work_at && *work_at <= now.due) {
    make_work(now);
    orders.work = &work_;
  }
  return orders;
}

void DeliveryCore::take_turns(Orders& orders, const Now& now) {
  while (!turns_.empty() && (stopping_ || in_flight_.size() < options_.max_in_flight)) {
    take_turn(turns_.pop(), orders, now);
  }
}

void DeliveryCore::take_turn(Lane& lane, Orders& orders, const Now& now) {
  if (lane.queue.empty()) return forget_if_idle(lane);  // it was closed while it stood in line
  const LaneSettings current = settings(lane.key);
  if (current.state == LaneSettings::State::gone) {
    for (Claim& claim : lane.queue) discard(std::move(claim), now);
    let_go(lane, lane.queue.size());
    lane.queue.clear();
    drain(lane);
  } else if (current.state == LaneSettings::State::closed) {
    close(lane, now);
  } else if (stopping_) {
    release_queue(lane, now);
  } else if (lane.in_flight < current.max_in_flight) {
    send_next(lane, orders, now);
    line_up(lane);
  }
  forget_if_idle(lane);
}

void DeliveryCore::send_next(Lane& lane, Orders& orders, const Now& now) {
  Claim claim = std::move(lane.queue.front());
  lane.queue.pop_front();
  // Never send under a lease that could end before the answer is recorded.
  if (now.due + options_.request_timeout + kLeaseMargin / 2 > claim.lease_until) {
    let_go(lane, 1);
    release(std::move(claim), now);
    return;
  }
  ++lane.in_flight;
  const DeliveryId id = claim.id;
  const auto sent = in_flight_.emplace(id, InFlight{std::move(claim), &lane}).first;
  orders.sends.push_back(&sent->second.claim);
}

/// The webhook is paused or disabled: what is claimed goes back, and the store is told not to list
/// the lane until it is opened again.
void DeliveryCore::close(Lane& lane, const Now& now) {
  release_queue(lane, now);
  lane.backlog = false;
  if (closed_.insert(lane.key).second) holds_.push_back({lane.key, DueTime::max()});
}

/// The webhook is gone: everything that the store has for it is claimed, to be discarded.
void DeliveryCore::drain(Lane& lane) {
  lane.draining = true;
  lane.backlog = true;
  line_up(lane);
}

void DeliveryCore::release_queue(Lane& lane, const Now& now) {
  for (Claim& claim : lane.queue) release(std::move(claim), now);
  let_go(lane, lane.queue.size());
  lane.queue.clear();
}

/// A claim goes back as it came: due when it was due, and never counted.
void DeliveryCore::release(Claim claim, const Now& now) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::released;
  outcome.due = claim.due;
  outcome.at = now.wall;
  outcome.claim = std::move(claim);
  outcomes_.push_back(std::move(outcome));
}

void DeliveryCore::discard(Claim claim, const Now& now) {
  Outcome outcome;
  outcome.kind = Outcome::Kind::discarded;
  outcome.reason = kRemoved;
  outcome.at = now.wall;
  outcome.claim = std::move(claim);
  outcomes_.push_back(std::move(outcome));
}

// --- Lanes ---------------------------------------------------------------------------------------

Lane& DeliveryCore::lane_at(const LaneKey& key) {
  const auto [lane, added] = lanes_.try_emplace(key);
  if (added) lane->second.key = key;
  return lane->second;
}

void DeliveryCore::forget_if_idle(Lane& lane) {
  if (lane.idle()) lanes_.erase(LaneKey(lane.key));
}

LaneSettings DeliveryCore::settings(const LaneKey& key) const {
  LaneSettings current = directory_.settings(key);
  if (current.state == LaneSettings::State::open && refused_.count(key) > 0) {
    current.state = LaneSettings::State::closed;
  }
  return current;
}

/// Puts a lane in line for what it has to do: send what is claimed, claim what is in the store.
void DeliveryCore::line_up(Lane& lane) {
  if (!lane.in_turn && !lane.queue.empty()) turns_.push(lane);
  if (lane.backlog && !lane.hungry && !stopping_ && room_for_claims(lane) > 0) {
    lane.hungry = true;
    hungry_.push_back(lane.key);
  }
}

}  // namespace hookline::detail
