#include "simulation/instance.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "deliver/delivery_record.hpp"

namespace hookline::simulation {

using detail::body_of;
using detail::DeliveryCore;
using detail::LaneSettings;
using detail::Orders;
using detail::SendResult;
using std::chrono::seconds;

class Instance::Dice final : public detail::Random {
 public:
  Dice(Scene& scene, double added) : scene_(scene), added_(added) {}
  double unit() override {
    const auto moment = static_cast<std::uint64_t>(scene_.now().count());
    return scene_.fate().chance("dice", {moment, scene_.tick()}) + added_;
  }

 private:
  Scene& scene_;
  const double added_;
};

Instance::Instance(int number, Scene& scene, DeliveryStore& store, Witness& witness,
                   const Seams& seams, News news)
    : number_(number),
      scene_(scene),
      shared_store_(store),
      witness_(witness),
      seams_(seams),
      news_(std::move(news)),
      directory_(seams.directory ? seams.directory(scene) : nullptr),
      dice_(std::make_unique<Dice>(scene, seams.luck_added)) {}

Instance::~Instance() = default;

// --- Life and time -------------------------------------------------------------------------------

void Instance::start() {
  if (runs()) return;
  ++life_;
  stopping_ = looking_ = false;
  appending_ = 0;
  frozen_until_ = scene_.now();
  wake_at_.reset();
  if (seams_.opened_again) own_store_ = seams_.opened_again();
  store_ = std::make_unique<FaultyStore>(number_, own_store_ ? *own_store_ : shared_store_,
                                         witness_, [this] { return scene_.next_fault(); });
  // Never before what the store has seen, wherever the wall clock is now.
  const Span last = store_->last_time().value_or(DueTime::min()).time_since_epoch();
  offset_ = std::max(scene_.wall(), last) - scene_.now();
  wall_at_start_ = scene_.wall() - scene_.now();
  detail::CoreOptions options;
  options.max_in_flight = scene_.script().max_in_flight;
  options.gather_time = std::chrono::milliseconds(2);
  options.max_idle_lanes = scene_.script().max_idle_lanes;
  options.retry_jitter = scene_.script().jitter;
  options.retention = scene_.script().retention;
  const detail::LaneDirectory& directory = directory_ ? *directory_ : scene_;
  core_ = std::make_unique<DeliveryCore>(options, directory, *dice_);
  witness_.started(number_, offset_);
  later(Span(0), [] {});
}

void Instance::crash() {
  if (runs()) end();
}

void Instance::end() {
  ++life_;
  core_.reset();
  out_.clear();
  own_store_.reset();
  witness_.ended(number_, seams_.opened_again != nullptr);
}

void Instance::stop() {
  if (!serves()) return;
  stopping_ = true;
  later(Span(0), [this] { core_->stop(); });
  later(seconds(20), [this] { cut_off(); });
  later(seconds(25), [this] { end(); });
}

void Instance::cut_off() {
  const auto out = out_;
  for (const auto& [id, claim] : out) {
    TransportFailure cancelled;
    cancelled.failure = FailureClass::cancelled;
    answer(*claim, tl::unexpected(std::move(cancelled)), 0);
  }
}

bool Instance::idle() const {
  return !core_ || (core_->settled() && core_->in_flight() == 0 && appending_ == 0);
}

Moment Instance::now() const {
  Span due = scene_.now() + offset_;
  if (seams_.due_follows_wall) due += scene_.wall() - scene_.now() - wall_at_start_;
  return {DueTime(due),
          std::chrono::system_clock::time_point(
              std::chrono::duration_cast<std::chrono::system_clock::duration>(scene_.wall()))};
}

void Instance::later(Span delay, std::function<void()> act) {
  scene_.after(delay, [this, life = life_, act = std::move(act)] { resume(life, act); });
}

/// Something happens to the process, unless it has ended since; while it is frozen, nothing does.
void Instance::resume(std::uint64_t life, const std::function<void()>& act) {
  if (life != life_ || !core_) return;
  if (scene_.now() < frozen_until_) {
    scene_.at(frozen_until_, [this, life, act] { resume(life, act); });
    return;
  }
  act();
  if (life == life_) pump(false);
}

void Instance::pump(bool woken) {
  constexpr int kManyTurns = 10'000;
  int turns = 0;
  for (;;) {
    const DueTime wake = core_->wake_at().value_or(DueTime::max());
    const bool announced = core_->has_orders() || wake <= now().due;
    Orders orders = core_->advance(now());
    if (orders.empty()) break;
    if (!announced) witness_.require(Promise::progress, "the core orders what nobody waits for");
    if (seams_.orders) seams_.orders(orders);
    carry_out(orders);
    if (++turns < kManyTurns) continue;
    witness_.require(Promise::progress, "the core never comes to rest");
    return;
  }
  idle_wakes_ = woken && turns == 0 ? idle_wakes_ + 1 : 0;
  // Once can be right: what a lane does when its rest is over may be to wait for something else.
  if (idle_wakes_ > 2) witness_.require(Promise::progress, "the core is woken for nothing");
  witness_.rested(number_, *core_);
  if (stopping_ && idle()) return end();
  plan_wake();
}

void Instance::plan_wake() {
  const auto wake = core_->wake_at();
  if (!wake) return wake_at_.reset();
  if (*wake <= now().due) {
    witness_.require(Promise::progress, "the core wants to be woken for nothing");
    return;
  }
  const Span at = scene_.now() + (*wake - now().due);
  if (wake_at_ == at) return;
  wake_at_ = at;
  scene_.at(at, [this, life = life_, at] {
    if (life != life_ || wake_at_ != at) return;
    wake_at_.reset();
    if (scene_.now() < frozen_until_) return later(Span(0), [] {});
    pump(true);
  });
}

// --- Accepting -----------------------------------------------------------------------------------

NewEvent Instance::event_of(const Action& action) const {
  NewEvent event;
  const int tenant = scene_.plan(action.who.front()).tenant;
  event.tenant = tenant_name(tenant);
  event.receipt.import_id = fmt::format("{}.{}", event.tenant, action.at.count());
  event.receipt.message_id = "msg_" + event.receipt.import_id;
  event.accepted = now();
  // Some are large.
  const std::string padding(action.at.count() % 5 == 0 ? 17 * 1024 : 0, ' ');
  event.managed_body =
      std::make_shared<const std::string>("{" + event.receipt.import_id + padding + "}");
  event.basic_body = std::make_shared<const std::string>("uploadId=" + event.receipt.import_id);
  event.lease_until = core_->lease_until(now().due);
  if (action.number > 0) {
    event.idempotency_key = {fmt::format("key{}", action.number),
                             fmt::format("{}", fmt::join(action.who, " ")),
                             now().due + scene_.script().retention.idempotency_keys};
  }
  for (const int receiver : action.who) {
    const bool gone = scene_.settings(receiver).state == LaneSettings::State::gone;
    if (gone || scene_.plan(receiver).tenant != tenant) continue;
    NewDelivery delivery;
    delivery.lane = lane_key(scene_.plan(receiver));
    delivery.url = lane_key(scene_.plan(receiver)).origin;
    delivery.due = now().due;
    event.receipt.deliveries.push_back({0, delivery.lane.webhook_id, {}});
    event.deliveries.push_back(std::move(delivery));
  }
  return event;
}

void Instance::dispatch(const Action& action) {
  later(Span(0), [this, action] {
    if (!serves()) return;
    NewEvent event = event_of(action);
    if (event.deliveries.empty()) return;
    for (NewDelivery& delivery : event.deliveries) {
      delivery.leased = core_->reserve(delivery.lane, body_of(event, delivery)->size(), now());
    }
    ++appending_;
    later(scene_.store_delay(), [this, event = std::move(event)] { append(event); });
  });
}

/// Between the commit and the moment when the core hears of it, the process can die.
void Instance::append(const NewEvent& event) {
  auto stored = std::move(store_->append({event}, Quotas()).front());
  if (stored || stored.error().code == ErrorCode::commit_unknown) news_.store_changed();
  later(scene_.store_delay(), [this, event, stored = std::move(stored)] { settle(event, stored); });
}

void Instance::settle(const NewEvent& event, const Result<AppendedEvent>& stored) {
  --appending_;
  const bool kept = stored && !stored->repeated;
  for (std::size_t i = 0; i < event.deliveries.size(); ++i) {
    const NewDelivery& delivery = event.deliveries[i];
    if (!kept) {
      if (delivery.leased) {
        core_->cancel_reservation(delivery.lane, body_of(event, delivery)->size());
      }
    } else if (delivery.leased) {
      Claim claim;
      claim.id = stored->ids[i];
      claim.lease = 1;
      claim.lease_until = event.lease_until;
      claim.due = delivery.due;
      claim.lane = delivery.lane;
      claim.message_id = event.receipt.message_id;
      claim.import_id = event.receipt.import_id;
      claim.url = delivery.url;
      claim.body = body_of(event, delivery);
      claim.created_at = event.accepted.wall;
      core_->accepted(std::move(claim));
    } else {
      core_->waiting(delivery.due);
    }
  }
  // It may be there nevertheless, and somebody has to look.
  if (!stored && stored.error().code == ErrorCode::commit_unknown) core_->look();
  if (kept) witness_.acknowledged(stored->ids);
}

void Instance::command(std::function<void(DeliveryStore&, DeliveryCore&, const Moment&)> act) {
  later(Span(0), [this, act = std::move(act)] {
    if (!serves()) return;
    act(*store_, *core_, now());
    core_->look();
    news_.store_changed();
  });
}

void Instance::webhook_changed(const LaneKey& lane) {
  // Looked up when it is told: whoever comes last has seen the newest state.
  later(Span(0), [this, lane] {
    witness_.told_changed(number_, receiver_of(lane));
    core_->webhook_changed(lane, scene_.settings(lane).state);
  });
}

void Instance::look(Span delay) {
  if (!runs() || std::exchange(looking_, true)) return;
  later(delay, [this] {
    looking_ = false;
    core_->look();
  });
}

// --- Orders --------------------------------------------------------------------------------------

void Instance::carry_out(Orders& orders) {
  for (const detail::DisableOrder& order : orders.disables) {
    witness_.disables(number_, order);
    news_.disables(order);
  }
  for (const Claim* claim : orders.sends) {
    witness_.ordered(number_, *claim);
    out_.emplace(claim->id, claim);
    const auto lag = scene_.fate().between(0, 30, claim->message_id, {7, claim->lease});
    // A runner has other things to do: what was ordered can have changed until it comes to it.
    later(milliseconds(lag < 25 ? 0 : lag), [this, id = claim->id] {
      if (out_.count(id) > 0) make_request(*out_.at(id));
    });
  }
  for (const detail::Notice& notice : orders.notices) witness_.noticed(notice);
  if (!orders.work) return;
  later(scene_.store_delay(), [this, work = orders.work] { exchange(*work); });
}

void Instance::make_request(const Claim& claim) {
  const DeliveryId id = claim.id;
  const LaneSettings settings = scene_.settings(claim.lane);
  if (settings.state != LaneSettings::State::open) {
    witness_.not_made(number_, claim);
    out_.erase(id);
    core_->not_sent(id);
    return;
  }
  ++requests_;
  digest_ =
      (digest_ ^ (id * 31 + static_cast<std::uint64_t>(scene_.now().count()))) * 1099511628211u;
  Scene::Reply reply = scene_.reply_to(claim);
  later(reply.latency, [this, id, result = std::move(reply.result), revision = settings.revision] {
    if (out_.count(id) > 0) answer(*out_.at(id), result, revision);
  });
}

void Instance::answer(const Claim& claim, HttpResult result, std::uint64_t revision) {
  const DeliveryId id = claim.id;
  witness_.answered(number_, claim, result, now());
  out_.erase(id);
  SendResult sent;
  sent.url = fmt::format("https://r{}.example/hook", receiver_of(claim.lane));
  sent.started_at = now().wall;
  sent.webhook_revision = revision;
  sent.result = std::move(result);
  if (seams_.answers) seams_.answers(sent.result);
  core_->answered(id, std::move(sent), now());
}

/// The process can die before the round, and after it without having heard.
void Instance::exchange(const StoreWork& work) {
  auto reply = store_->exchange(work);
  later(scene_.store_delay(), [this, reply = std::move(reply)]() mutable {
    if (reply) witness_.told_paused(number_, reply->paused);
    core_->exchanged(std::move(reply), now());
  });
}

}  // namespace hookline::simulation
