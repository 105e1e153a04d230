#include "fakes/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace hookline::fakes {

using detail::DeliveryCore;
using detail::LaneSettings;
using detail::Now;
using detail::Orders;
using detail::SendResult;
using std::chrono::milliseconds;

namespace {

constexpr std::int64_t kSecond = 1'000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::size_t kMaxInFlight = 16;
constexpr double kJitter = 0.2;

const std::vector<milliseconds> kSchedule = {milliseconds(0), milliseconds(5 * kSecond),
                                             milliseconds(5 * kMinute), milliseconds(30 * kMinute),
                                             milliseconds(2 * kHour)};

/// Rounded up: what happens then does not happen early.
std::int64_t millis(DueTime due) {
  return std::chrono::ceil<milliseconds>(due.time_since_epoch()).count();
}

}  // namespace

/// A webhook and what stands behind its URL.
struct Simulation::Receiver {
  enum class Mood { healthy, failing, hanging, throttling, dead };
  std::string tenant;
  LaneSettings settings;
  Mood mood = Mood::healthy;
};

/// What the model knows of a delivery.
struct Simulation::Tracked {
  std::string webhook_id;
  std::int64_t not_before = 0;
  std::uint32_t failures = 0;  ///< recorded attempts that failed
  std::optional<std::uint64_t> out_in_life;
  std::int64_t not_before_once_recorded = 0;      ///< what the last answer asks for
  std::optional<std::uint64_t> answered_in_life;  ///< an answer that is not recorded yet
  bool ended = false;
};

class Simulation::Directory final : public detail::LaneDirectory {
 public:
  explicit Directory(const Simulation& world) : world_(world) {}
  LaneSettings settings(const LaneKey& lane) const override {
    return world_.receivers_.at(lane.webhook_id).settings;
  }
  std::vector<milliseconds> retry_schedule(const LaneKey&) const override { return kSchedule; }

 private:
  const Simulation& world_;
};

class Simulation::Dice final : public detail::Random {
 public:
  explicit Dice(Simulation& world) : world_(world) {}
  double unit() override { return world_.chance(); }

 private:
  Simulation& world_;
};

Simulation::Simulation(std::uint64_t seed, Options options)
    : seed_(seed),
      options_(options),
      random_(seed),
      directory_(std::make_unique<Directory>(*this)),
      dice_(std::make_unique<Dice>(*this)) {}

Simulation::~Simulation() = default;

std::optional<std::string> Simulation::run() {
  plan_the_world();
  crash();  // the first life begins as every other one
  while (!agenda_.empty() && !violation_) step();
  if (!violation_) check_end();
  return violation_;
}

void Simulation::plan_the_world() {
  for (int i = 0; i < options_.webhooks; ++i) {
    Receiver receiver;
    receiver.tenant = fmt::format("tenant{}", i % options_.tenants);
    receiver.settings.max_in_flight = static_cast<std::size_t>(between(1, 4));
    receivers_.emplace(fmt::format("wh{}", i), receiver);
  }
  for (int i = 0; i < options_.dispatches; ++i) {
    after(between(0, 6 * kHour), [this] { dispatch(); });
  }
  for (int i = 0; i < 60; ++i)
    after(between(0, 6 * kHour), [this] {
      auto chosen = std::next(receivers_.begin(), between(0, options_.webhooks - 1));
      chosen->second.mood = static_cast<Receiver::Mood>(between(0, 4));
    });
  if (options_.changes) {
    for (int i = 0; i < 30; ++i) after(between(0, 6 * kHour), [this] { change_webhook(); });
  }
  if (options_.crashes) {
    for (int i = 0; i < 4; ++i) after(between(0, 6 * kHour), [this] { crash(); });
  }
  after(7 * kHour, [this] { settle(); });
}

/// From here on everything works, so that everything must come to an end.
void Simulation::settle() {
  for (auto& [id, receiver] : receivers_) {
    receiver.mood = Receiver::Mood::healthy;
    if (receiver.settings.state == LaneSettings::State::closed) {
      set_state(id, LaneSettings::State::open);
    }
  }
}

void Simulation::step() {
  const Action next = agenda_.top();
  agenda_.pop();
  now_ms_ = std::max(now_ms_, next.at);
  next.act();
  for (Orders orders = core_->advance(now()); !orders.empty() && !violation_;
       orders = core_->advance(now())) {
    // A 410 disables: in the model the webhook is closed until the world settles.
    for (const detail::DisableOrder& disable : orders.disables) {
      set_state(disable.lane.webhook_id, LaneSettings::State::closed);
    }
    for (const Claim* claim : orders.sends) send(*claim);
    for (const auto& notice : orders.notices) note(notice);
    if (orders.work) {
      after(between(0, 50), [this, orders, life = life_] { work(*orders.work, life); });
    }
    check_limits();
  }
  if (const auto wake = core_->wake_at()) {
    if (millis(*wake) <= now_ms_) violated("the core wants to be woken for nothing");
    const std::int64_t at = std::max(now_ms_, millis(*wake));
    agenda_.push({at, ++order_, [] {}});
  }
}

/// The process dies and starts again: the store stays, everything else is gone.
void Simulation::crash() {
  ++life_;
  out_ = 0;
  out_by_webhook_.clear();
  core_ = std::make_unique<DeliveryCore>(
      detail::CoreOptions{kMaxInFlight, kJitter, milliseconds(15 * kSecond)}, *directory_, *dice_);
}

// --- What the host does --------------------------------------------------------------------------

void Simulation::dispatch() {
  NewEvent event;
  event.message_id = fmt::format("msg_{}", ++dispatched_);
  event.managed_body = std::make_shared<const std::string>("{}");
  event.tenant = fmt::format("tenant{}", between(0, options_.tenants - 1));
  event.lease_until = core_->lease_until(now().due);
  std::vector<Claim> claims;
  for (const auto& [id, receiver] : receivers_) {
    const bool gone = receiver.settings.state == LaneSettings::State::gone;
    if (gone || receiver.tenant != event.tenant || chance() > 0.7) continue;
    NewDelivery delivery;
    delivery.lane = {receiver.tenant, id, ""};
    delivery.due = now().due;
    delivery.leased = core_->reserve(delivery.lane);
    event.deliveries.push_back(delivery);
    Claim claim;
    claim.lane = delivery.lane;
    claim.lease = 1;
    claim.lease_until = event.lease_until;
    claim.due = delivery.due;
    claim.message_id = event.message_id;
    claim.body = event.managed_body;
    claims.push_back(claim);
  }
  after(between(0, 20), [this, event, claims, life = life_] {
    if (life == life_) append(event, claims);
  });
}

void Simulation::append(NewEvent event, std::vector<Claim> claims) {
  const bool fails = chance() < options_.store_failure;
  const std::vector<NewDelivery> deliveries = event.deliveries;
  std::vector<DeliveryId> ids;
  if (!fails) ids = *store_.append({std::move(event)}).front();
  for (std::size_t i = 0; i < deliveries.size(); ++i) {
    if (fails) {
      if (deliveries[i].leased) core_->cancel_reservation(deliveries[i].lane);
      continue;
    }
    Tracked& tracked = tracked_[ids[i]];
    tracked.webhook_id = deliveries[i].lane.webhook_id;
    tracked.not_before = millis(deliveries[i].due);
    claims[i].id = ids[i];
    if (deliveries[i].leased) {
      core_->accepted(claims[i]);
    } else {
      core_->waiting(deliveries[i].due);
    }
  }
}

void Simulation::change_webhook() {
  auto chosen = std::next(receivers_.begin(), between(0, options_.webhooks - 1));
  if (chosen->second.settings.state == LaneSettings::State::gone) return;
  const double what = chance();
  const auto state = what < 0.45   ? LaneSettings::State::closed
                     : what < 0.95 ? LaneSettings::State::open
                                   : LaneSettings::State::gone;
  set_state(chosen->first, state);
}

void Simulation::set_state(const std::string& id, LaneSettings::State state) {
  Receiver& receiver = receivers_.at(id);
  if (receiver.settings.state == LaneSettings::State::gone) return;
  receiver.settings.state = state;
  core_->webhook_changed({receiver.tenant, id, ""}, state);
}

// --- Requests ------------------------------------------------------------------------------------

void Simulation::send(const Claim& claim) {
  Tracked& tracked = tracked_.at(claim.id);
  Receiver& receiver = receivers_.at(tracked.webhook_id);
  ++requests_;
  digest_ = (digest_ ^ (claim.id * 31 + static_cast<std::uint64_t>(now_ms_))) * 1099511628211u;

  if (tracked.ended) violated(fmt::format("delivery {} was sent after it had ended", claim.id));
  if (now_ms_ < tracked.not_before) violated(fmt::format("delivery {} was sent early", claim.id));
  if (tracked.answered_in_life == life_) {
    violated(fmt::format("delivery {} was sent before its last answer was recorded", claim.id));
  }
  if (tracked.out_in_life == life_) violated(fmt::format("delivery {} is out twice", claim.id));
  if (receiver.settings.state != LaneSettings::State::open) {
    violated(fmt::format("{} is not open and was sent to", tracked.webhook_id));
  }
  if (claim.lane.tenant != receiver.tenant) violated("a delivery crossed tenants");
  if (claim.attempts != tracked.failures) {
    violated(fmt::format("delivery {} has {} attempts, not {}", claim.id, claim.attempts,
                         tracked.failures));
  }
  tracked.out_in_life = life_;
  ++out_;
  ++out_by_webhook_[tracked.webhook_id];

  const bool hangs = receiver.mood == Receiver::Mood::hanging;
  after(hangs ? 15 * kSecond : between(1, 400),
        [this, id = claim.id, life = life_, result = answer_of(receiver)] {
          answer(id, life, result);
        });
}

HttpResult Simulation::answer_of(Receiver& receiver) {
  HttpResponse response;
  switch (receiver.mood) {
    case Receiver::Mood::healthy:
      response.status = 200;
      return response;
    case Receiver::Mood::failing:
      response.status = 503;
      return response;
    case Receiver::Mood::throttling:
      response.status = 429;
      response.retry_after = std::to_string(between(1, 1200));
      return response;
    case Receiver::Mood::dead:
      response.status = chance() < 0.1 ? 410 : 500;
      return response;
    case Receiver::Mood::hanging:
      break;
  }
  return tl::unexpected(TransportFailure{FailureClass::timeout, "no answer in 15 s", false});
}

void Simulation::answer(DeliveryId id, std::uint64_t life, HttpResult result) {
  if (life != life_) return;
  Tracked& tracked = tracked_.at(id);
  tracked.out_in_life.reset();
  tracked.answered_in_life = life_;
  --out_;
  --out_by_webhook_[tracked.webhook_id];

  tracked.not_before_once_recorded = now_ms_;
  const bool failed = !result || result->status != 200;
  if (failed && tracked.failures + 1 < kSchedule.size()) {
    const auto delay = static_cast<double>(kSchedule[tracked.failures + 1].count());
    std::int64_t& earliest = tracked.not_before_once_recorded;
    earliest = now_ms_ + static_cast<std::int64_t>(delay * (1 - kJitter)) - 1;
    if (result && result->retry_after) {
      earliest =
          std::max<std::int64_t>(earliest, now_ms_ + std::stoll(*result->retry_after) * kSecond);
    }
  }
  SendResult sent;
  sent.result = std::move(result);
  core_->answered(id, std::move(sent), now());
}

void Simulation::work(const StoreWork& work, std::uint64_t life) {
  if (life != life_) return;
  if (chance() < options_.store_failure) {
    core_->exchanged(tl::unexpected(Error{ErrorCode::store_failed, "simulated"}), now());
    return;
  }
  auto reply = store_.exchange(work);
  for (std::size_t i = 0; i < work.outcomes.size(); ++i) {
    const Outcome& outcome = work.outcomes[i];
    Tracked& tracked = tracked_.at(outcome.claim.id);
    tracked.answered_in_life.reset();
    if (!reply->recorded[i]) continue;
    if (outcome.kind == Outcome::Kind::retry) {
      ++tracked.failures;
      tracked.not_before = tracked.not_before_once_recorded;
    }
    if (outcome.kind == Outcome::Kind::delivered || outcome.kind == Outcome::Kind::exhausted ||
        outcome.kind == Outcome::Kind::discarded) {
      if (tracked.ended) violated(fmt::format("delivery {} ended twice", outcome.claim.id));
      tracked.ended = true;
      if (outcome.kind == Outcome::Kind::delivered) ++delivered_;
    }
    const bool gone = receivers_.at(tracked.webhook_id).settings.state == LaneSettings::State::gone;
    if (outcome.kind == Outcome::Kind::discarded && !gone) violated("discarded without a reason");
    if (outcome.kind == Outcome::Kind::exhausted && outcome.attempt->http_status != 410 &&
        outcome.attempt->number != kSchedule.size()) {
      violated(fmt::format("delivery {} gave up after {} attempts", outcome.claim.id,
                           outcome.attempt->number));
    }
  }
  core_->exchanged(std::move(reply), now());
}

void Simulation::note(const detail::Notice& notice) {
  const bool ended = notice.delivery.finished_at.has_value();
  if (ended != tracked_.at(notice.delivery.id).ended) {
    violated(fmt::format("the notice of delivery {} says {}", notice.delivery.id,
                         to_string(notice.delivery.status)));
  }
}

// --- What must hold ------------------------------------------------------------------------------

void Simulation::check_limits() {
  if (out_ > kMaxInFlight) violated(fmt::format("{} requests are out", out_));
  if (core_->in_flight() != out_) violated("the core has lost count of what is out");
  for (const auto& [id, out] : out_by_webhook_) {
    if (out > receivers_.at(id).settings.max_in_flight) {
      violated(fmt::format("{} has {} requests out", id, out));
    }
  }
}

void Simulation::check_end() {
  for (const auto& [id, tracked] : tracked_) {
    if (tracked.ended) continue;
    const auto delivery = store_.find(id);
    violated(fmt::format("delivery {} of {} never ended: {}", id, tracked.webhook_id,
                         to_string(delivery->status)));
    return;
  }
  if (!core_->settled()) violated("the core is not at rest");
}

void Simulation::violated(const std::string& what) {
  if (!violation_) violation_ = fmt::format("seed {} at {} ms: {}", seed_, now_ms_, what);
}

void Simulation::after(std::int64_t delay, std::function<void()> act) {
  agenda_.push({now_ms_ + delay, ++order_, std::move(act)});
}

double Simulation::chance() { return static_cast<double>(random_() >> 11) * 0x1.0p-53; }

std::int64_t Simulation::between(std::int64_t low, std::int64_t high) {
  return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
}

Now Simulation::now() const {
  return {DueTime(milliseconds(now_ms_)),
          std::chrono::system_clock::time_point(milliseconds(now_ms_))};
}

}  // namespace hookline::fakes
