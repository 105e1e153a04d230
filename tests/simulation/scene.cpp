#include "simulation/scene.hpp"

#include <algorithm>

namespace hookline::simulation {

using detail::LaneSettings;

namespace {

constexpr std::int64_t kTimeout = 15'000;

HttpResult status(int code) {
  HttpResponse response;
  response.status = code;
  return response;
}

HttpResult no_answer(FailureClass failure, bool connected) {
  TransportFailure why;
  why.failure = failure;
  why.message = "in this world";
  why.connected = connected;
  return tl::unexpected(std::move(why));
}

/// Draws what one request meets, always the same for the same request.
struct Luck {
  const Fate& fate;
  const Claim& claim;

  [[nodiscard]] std::int64_t between(std::int64_t low, std::int64_t high,
                                     std::uint64_t what) const {
    return fate.between(
        low, high, claim.message_id,
        {what, claim.attempts, claim.lease, static_cast<std::uint64_t>(receiver_of(claim.lane))});
  }
};

HttpResult throttled(const Luck& luck) {
  HttpResponse response;
  response.status = luck.between(0, 1, 3) == 0 ? 429 : 503;
  response.retry_after = std::to_string(luck.between(1, 1'200, 4));
  return response;
}

HttpResult refused() {
  HttpResult result = no_answer(FailureClass::policy, false);
  result.error().permanent = true;
  return result;
}

HttpResult result_of(Mood mood, const Luck& luck) {
  switch (mood) {
    case Mood::healthy:
    case Mood::slow:
      return status(200);
    case Mood::failing:
      return status(500);
    case Mood::flaky:
      return status(luck.between(0, 1, 2) == 0 ? 200 : 502);
    case Mood::throttling:
      return throttled(luck);
    case Mood::hanging:
      return no_answer(FailureClass::timeout, true);
    case Mood::dead:
      return no_answer(FailureClass::connect, false);
    case Mood::gone:
      return status(410);
    case Mood::unusable:
      break;
  }
  return refused();
}

milliseconds latency_of(Mood mood, const Luck& luck) {
  if (mood == Mood::hanging) return milliseconds(kTimeout);
  if (mood == Mood::slow) return milliseconds(luck.between(2'000, 14'000, 1));
  return milliseconds(luck.between(1, 400, 1));
}

}  // namespace

Scene::Scene(const Script& script) : script_(script), fate_(script.seed) {
  for (const ReceiverPlan& plan : script.receivers) {
    Receiver& receiver = receivers_[plan.number];
    receiver.plan = plan;
    receiver.settings.max_in_flight = plan.limit;
    receiver.settings.spacing = plan.spacing;
    receiver.settings.fifo = plan.fifo;
    receiver.settings.revision = plan.basic ? 0 : 1;
  }
}

void Scene::at(Span time, std::function<void()> act) {
  agenda_.push({std::max(time, now_), ++order_, std::move(act)});
}

std::function<void()> Scene::next() {
  // The top is const, and what it holds is moved out before it goes.
  Event event = std::move(const_cast<Event&>(agenda_.top()));
  agenda_.pop();
  now_ = event.at;
  return std::move(event.act);
}

std::uint64_t Scene::tick() {
  if (ticked_at_ != now_) ticks_ = 0;
  ticked_at_ = now_;
  return ++ticks_;
}

LaneSettings Scene::settings(const LaneKey& lane) const {
  const auto found = receivers_.find(receiver_of(lane));
  LaneSettings settings = found->second.settings;
  // The id of a webhook that was removed can come back under another tenant.
  if (tenant_name(found->second.plan.tenant) != lane.tenant) {
    settings.state = LaneSettings::State::gone;
  }
  return settings;
}

std::vector<milliseconds> Scene::retry_schedule(const LaneKey&) const { return script_.schedule; }

void Scene::configure(int receiver, const std::function<void(LaneSettings&)>& change) {
  LaneSettings& settings = receivers_.at(receiver).settings;
  change(settings);
  ++settings.revision;
}

Scene::Reply Scene::reply_to(const Claim& claim) const {
  const Luck luck{fate_, claim};
  if (now_ < cut_until_) {
    const bool by_name = luck.between(0, 1, 5) == 0;
    return {no_answer(by_name ? FailureClass::dns : FailureClass::connect, false),
            milliseconds(luck.between(1, 5'000, 6))};
  }
  const Mood mood = receivers_.at(receiver_of(claim.lane)).mood;
  return {result_of(mood, luck), latency_of(mood, luck)};
}

Fault Scene::next_fault() {
  if (healed_) return Fault::none;
  const auto moment = static_cast<std::uint64_t>(now_.count());
  const double chance = fate_.chance("fault", {moment, tick()});
  const double failing = now_ < broken_until_ ? 0.9 : script_.store_failure;
  if (chance >= failing) return Fault::none;
  return chance < failing * 0.2 ? Fault::unknown : Fault::fails;
}

Span Scene::store_delay() {
  const auto moment = static_cast<std::uint64_t>(now_.count());
  const std::int64_t most = now_ < slow_until_ && !healed_ ? 20'000 : 20;
  return milliseconds(fate_.between(0, most, "store", {moment, tick()}));
}

void Scene::heal() {
  healed_ = true;
  cut_until_ = now_;
  for (auto& [number, receiver] : receivers_) receiver.mood = Mood::healthy;
}

}  // namespace hookline::simulation
