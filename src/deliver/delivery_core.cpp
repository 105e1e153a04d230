#include "deliver/delivery_core.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "deliver/delivery_record.hpp"

namespace hookline::detail {
namespace {

using std::chrono::milliseconds;

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
      held_(options.max_in_flight * kHeldPerRequest),
      answer_gap_(options.request_timeout),
      poll_at_(DueTime::min()),
      first_round_(options.deliver) {}

// --- Accepting -----------------------------------------------------------------------------------

bool DeliveryCore::reserve(const LaneKey& key, std::size_t body_bytes, const Moment& now) {
  now_ = std::max(now_, now.due);
  const std::size_t weight = Holdings::weight_of(body_bytes);
  if (!options_.deliver || !may_send()) return false;
  if (!held_.has_room_for_new(key.tenant, weight, goes_out_soon())) return false;
  const LaneSettings current = settings(key);
  // A lane in order is served from the store, which knows the order.
  if (current.state != LaneSettings::State::open || current.fifo) return false;
  Lane& lane = lane_at(key);
  if (!has_slot(lane, current, now)) {
    forget_if_idle(lane);
    return false;
  }
  ++lane.reserved;
  held_.add(key.tenant, weight);
  return true;
}

/// Whether what is held is sent well before its leases are too short for it.
bool DeliveryCore::goes_out_soon() const {
  return answer_gap_ * static_cast<DueClock::rep>(held_.total()) < options_.request_timeout / 2;
}

bool DeliveryCore::has_slot(const Lane& lane, const LaneSettings& current,
                            const Moment& now) const {
  const bool paced = current.spacing > current.spacing.zero();
  // Twice what may be out, as with claims: a request that ends finds the next delivery at hand. A
  // receiver that is quick gets more: while some are out, others are being stored and recorded.
  const bool quick = lane.answer_time < options_.request_timeout / 8;
  const std::size_t most = paced ? 1 : (quick ? 4 : 2) * allowed(lane, current);
  // What waits in the store is older and goes first.
  if (lane.backlog || lane.held() >= most) return false;
  return lane.health.not_before() <= now.due && !blocked(lane, now.due);
}

void DeliveryCore::cancel_reservation(const LaneKey& key, std::size_t body_bytes) {
  Lane& lane = lane_at(key);
  --lane.reserved;
  held_.remove(key.tenant, Holdings::weight_of(body_bytes));
  made_room(key.tenant);
  line_up(lane);  // it may have room for a claim now
  forget_if_idle(lane);
}

void DeliveryCore::accepted(Claim claim) {
  Lane& lane = lane_at(claim.lane);
  --lane.reserved;
  // Should its answer never come, somebody has to see the lease end.
  waiting(claim.lease_until);
  lane.in_order = false;
  lane.queue.push_back(std::move(claim));
  const LaneSettings current = settings(lane.key);
  const bool sends = may_send() && current.state == LaneSettings::State::open && !current.fifo;
  // While all its requests are out, the next answer lines it up.
  if (!sends || lane.in_flight < allowed(lane, current)) line_up(lane);
}

void DeliveryCore::waiting(DueTime due) { poll_at_ = std::min(poll_at_.value_or(due), due); }

DueTime DeliveryCore::lease_until(DueTime now) const {
  return now + 2 * options_.request_timeout + kLeaseMargin;
}

// --- Sending -------------------------------------------------------------------------------------

void DeliveryCore::answered(DeliveryId id, SendResult result, const Moment& now) {
  now_ = std::max(now_, now.due);
  const auto sent = in_flight_.find(id);
  if (sent == in_flight_.end()) return;
  Claim claim = std::move(sent->second.claim);
  Lane& lane = *sent->second.lane;
  in_flight_.erase(sent);
  --lane.in_flight;
  let_go(lane, claim);
  lane.answer_time = result.duration;
  answer_gap_ += (now_ - answered_at_ - answer_gap_) / 8;
  answered_at_ = now_;

  note_reachability(lane, result, now);
  const double stretch = 1.0 + options_.retry_jitter * (2.0 * random_.unit() - 1.0);
  Verdict verdict = judge({result.result, claim.attempts + 1, directory_.retry_schedule(claim.lane),
                           stretch, now.wall});
  if (reachability_.offline() && is_unreachable(result.result)) {
    // It is not the receiver that is down: this try is none.
    verdict.kind = Outcome::Kind::released;
    verdict.delay = reachability_.probe_interval();
  } else {
    note_health(lane, verdict, result, now);
  }
  add_outcome(std::move(claim), std::move(result), verdict, lane.in_order, now);
  line_up(lane);
  forget_if_idle(lane);
}

void DeliveryCore::note_reachability(Lane& lane, const SendResult& result, const Moment& now) {
  if (result.result) {
    if (!reachability_.answered()) return;
    remark(Remark::Kind::sender_online, lane.key);
    line_up_all();
  } else if (is_unreachable(result.result)) {
    lane.unreachable_in = reachability_.period();
    lane.unreachable_at = now.due;
    // `https://host:port` of `https://host:port/path`.
    std::string origin = result.url.substr(0, result.url.find('/', result.url.find("://") + 3));
    if (!reachability_.failed(std::move(origin), now.due)) return;
    remark(Remark::Kind::sender_offline, lane.key);
    line_up_all();
  }
}

void DeliveryCore::note_health(Lane& lane, const Verdict& verdict, const SendResult& result,
                               const Moment& now) {
  if (verdict.gone) {
    disable(lane.key, result.webhook_revision, "the receiver answered 410 Gone");
  }
  if (verdict.kind == Outcome::Kind::released) return;
  if (verdict.kind == Outcome::Kind::delivered) {
    if (lane.health.succeeded(now.due)) remark(Remark::Kind::lane_recovered, lane.key);
    return;
  }
  // In order, the schedule of the first one is pause enough.
  if (settings(lane.key).fifo) return;
  if (verdict.pause) lane.health.asked_to_wait(now.due + *verdict.pause);
  const bool receivers_fault =
      result.result || (result.result.error().failure != FailureClass::policy &&
                        result.result.error().failure != FailureClass::internal);
  if (!receivers_fault || !lane.health.failed(now.due)) return;
  const auto rest = std::chrono::ceil<std::chrono::seconds>(lane.health.not_before() - now.due);
  remark(Remark::Kind::lane_resting, lane.key,
         fmt::format("for {} s: {}", rest.count(), verdict.error));
}

void DeliveryCore::disable(const LaneKey& lane, std::uint64_t revision, std::string reason) {
  if (lane.webhook_id.empty() || !disabling_.insert(lane).second) return;
  disables_.push_back({lane, revision, std::move(reason)});
}

void DeliveryCore::add_outcome(Claim claim, SendResult result, const Verdict& verdict,
                               bool in_order, const Moment& now) {
  Outcome outcome;
  outcome.at = now.wall;
  outcome.due = now.due + verdict.delay;
  outcome.kind = verdict.kind;
  outcome.webhook_revision = result.webhook_revision;
  if (verdict.kind != Outcome::Kind::released) {
    outcome.attempt = make_attempt(claim, result, verdict);
  }
  // The webhook was removed while the request was out: there is nothing to try again for.
  if (outcome.kind == Outcome::Kind::retry &&
      settings(claim.lane).state == LaneSettings::State::gone) {
    outcome.kind = Outcome::Kind::discarded;
    outcome.reason = kWebhookRemoved;
  }
  outcome.claim = std::move(claim);
  // In order, the next delivery waits for the record of this one.
  record(std::move(outcome), in_order);
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
  disabling_.erase(key);
  if (state == LaneSettings::State::gone) {
    if (options_.deliver) drain(lane_at(key));
    return;
  }
  if (state == LaneSettings::State::open) {
    holds_.push_back({key, DueTime::min(), true});
    waiting(DueTime::min());
  }
  const auto lane = lanes_.find(key);
  if (lane == lanes_.end()) return;
  lane->second.draining = false;
  lane->second.health.start_anew(settings(key).spacing);
  wake(lane->second);
  line_up(lane->second);
}

void DeliveryCore::not_disabled(const LaneKey& key) {
  if (disabling_.erase(key) == 0) return;
  holds_.push_back({key, DueTime::min(), false});
  waiting(DueTime::min());
}

void DeliveryCore::look() {
  look_ = true;
  waiting(DueTime::min());
}

void DeliveryCore::recall(const Moment& now) {
  recalled_ = working_;
  for (auto& [key, lane] : lanes_) {
    wake(lane);
    release_queue(lane, now);
    line_up(lane);
  }
}

void DeliveryCore::stop() {
  stopping_ = true;
  line_up_all();
}

bool DeliveryCore::may_send() const { return !stopping_ && paused_ == false; }

void DeliveryCore::set_paused(bool paused) {
  if (paused == paused_) return;
  paused_ = paused;
  line_up_all();
}

void DeliveryCore::line_up_all() {
  for (auto& [key, lane] : lanes_) {
    wake(lane);
    line_up(lane);
  }
}

void DeliveryCore::remark(Remark::Kind kind, const LaneKey& lane, std::string text) {
  remarks_.push_back({kind, lane, std::move(text)});
}

bool DeliveryCore::settled() const {
  const auto queued = [](const auto& entry) { return !entry.second.queue.empty(); };
  return outcomes_.empty() && notices_.empty() && remarks_.empty() && disables_.empty() &&
         !working_ && std::none_of(lanes_.begin(), lanes_.end(), queued);
}

}  // namespace hookline::detail
