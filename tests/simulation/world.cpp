#include "simulation/world.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "hookline/memory_store.hpp"

namespace hookline::simulation {

using detail::DeliveryCore;
using detail::LaneSettings;
using State = detail::LaneSettings::State;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

/// A lease, and a little.
constexpr seconds kTakeover{100};

std::unique_ptr<DeliveryStore> make_store(const Seams& seams) {
  return seams.store ? seams.store() : std::make_unique<MemoryStore>();
}

}  // namespace

World::World(const Script& script, const Seams& seams)
    : script_(script),
      seams_(seams),
      store_(make_store(seams)),
      scene_(script),
      witness_(script, seams.opened_again != nullptr) {
  for (int i = 0; i < 2; ++i) {
    instances_.at(static_cast<std::size_t>(i)) = std::make_unique<Instance>(
        i, scene_, *store_, witness_, seams_,
        Instance::News{[this, i] { store_changed(i); },
                       [this](const detail::DisableOrder& order) { disable(order); }});
  }
  for (const ReceiverPlan& plan : script.receivers) {
    witness_.configured(plan.number, scene_.settings(plan.number));
  }
}

Report World::run() {
  act_next();
  scene_.at(script_.settles, [this] { settle(); });
  scene_.at(Span(0), [this] { patrol(); });
  const Span last = last_moment();
  while (!scene_.over() && !witness_.violation() && !finished() && scene_.now() <= last) {
    const auto happens = scene_.next();
    witness_.time_is(scene_.now());
    happens();
  }
  if (!witness_.violation()) witness_.check_end(*store_);
  return report();
}

/// When everything has ended, if it ever does: after the longest delay that is left.
Span World::last_moment() const {
  Span longest = minutes(20);
  for (const milliseconds delay : script_.schedule) longest = std::max<Span>(longest, 2 * delay);
  return script_.settles + longest + std::chrono::hours(3);
}

bool World::finished() const {
  if (!settled_ || witness_.facts().unfinished > 0) return false;
  return std::all_of(instances_.begin(), instances_.end(),
                     [](const auto& instance) { return instance->idle(); });
}

Report World::report() const {
  Report report;
  report.violation = witness_.violation();
  report.at = scene_.now();
  for (const auto& instance : instances_) {
    report.digest = report.digest * 31 + instance->digest();
    report.requests += instance->requests();
  }
  for (const auto& [id, delivery] : witness_.facts().deliveries) {
    ++report.deliveries;
    if (delivery.outcome == DeliveryStatus::delivered) ++report.delivered;
  }
  return report;
}

void World::patrol() {
  witness_.check_progress(*store_);
  scene_.after(minutes(2), [this] { patrol(); });
}

// --- What happens --------------------------------------------------------------------------------

void World::act_next() {
  if (next_action_ == script_.actions.size()) return;
  const Action& action = script_.actions[next_action_++];
  scene_.at(action.at, [this, &action] {
    act(action);
    act_next();
  });
}

void World::act(const Action& action) {
  const Span until = scene_.now() + milliseconds(action.number);
  switch (action.verb) {
    case Verb::dispatch:
      if (Instance* instance = somebody(action)) instance->dispatch(action);
      return;
    case Verb::store_fails:
      scene_.break_store(until);
      return witness_.disturbed(until + kTakeover);
    case Verb::store_slow:
      scene_.slow_store(until);
      return witness_.disturbed(until + kTakeover);
    case Verb::offline:
      scene_.cut_network(until);
      return witness_.disturbed(until + minutes(6));
    case Verb::wall:
      return scene_.set_wall(milliseconds(action.number));
    case Verb::start:
    case Verb::crash:
    case Verb::stop:
    case Verb::freeze:
      return act_on_process(action);
    case Verb::replay:
    case Verb::recover:
    case Verb::discard:
    case Verb::erase:
    case Verb::erase_import:
    case Verb::pause_all:
    case Verb::resume_all:
      return command(action);
    default:
      if (scene_.knows(action.who.front())) act_on_receiver(action);
  }
}

void World::act_on_process(const Action& action) {
  Instance& instance = *instances_.at(static_cast<std::size_t>(action.who.front()));
  if (action.verb == Verb::start) return start(instance);
  if (!instance.runs()) return;
  const Span until = scene_.now() + milliseconds(std::max<std::int64_t>(action.number, 0));
  witness_.disturbed(until + kTakeover);
  if (action.verb == Verb::freeze) return instance.freeze(until);
  if (action.verb == Verb::crash) instance.crash();
  if (action.verb == Verb::stop) instance.stop();
  if (action.number >= 0) scene_.at(until, [this, &instance] { start(instance); });
}

void World::start(Instance& instance) {
  if (instance.runs() && !instance.serves()) {  // it is being shut down
    return scene_.after(seconds(1), [this, &instance] { start(instance); });
  }
  instance.start();
  witness_.disturbed(scene_.now() + kTakeover);
}

void World::act_on_receiver(const Action& action) {
  const int receiver = action.who.front();
  if (action.verb == Verb::mood) return scene_.set_mood(receiver, action.mood);
  // Basic webhooks are no more than a URL: nothing about them can be changed.
  if (scene_.plan(receiver).basic) return;
  const bool gone = scene_.settings(receiver).state == State::gone;
  if (gone != (action.verb == Verb::add)) return;
  configure(receiver, [&](LaneSettings& settings) {
    switch (action.verb) {
      case Verb::pause:
        settings.state = State::closed;
        return;
      case Verb::remove:
        settings.state = State::gone;
        return;
      case Verb::limit:
        settings.max_in_flight = static_cast<std::size_t>(std::max<std::int64_t>(action.number, 1));
        return;
      case Verb::spacing:
        settings.spacing = milliseconds(action.number);
        return;
      case Verb::fifo:
        settings.fifo = action.number != 0;
        return;
      default:
        settings.state = State::open;
    }
  });
}

void World::configure(int receiver, const std::function<void(LaneSettings&)>& change) {
  scene_.configure(receiver, change);
  witness_.configured(receiver, scene_.settings(receiver));
  for (const auto& instance : instances_) {
    if (instance->runs()) instance->webhook_changed(lane_key(scene_.plan(receiver)));
  }
}

/// A webhook that was changed since it was asked is another one, and stays as it is.
void World::disable(const detail::DisableOrder& order) {
  const int receiver = receiver_of(order.lane);
  if (scene_.settings(receiver).revision == order.revision &&
      scene_.settings(receiver).state == State::open) {
    return configure(receiver, [](LaneSettings& settings) { settings.state = State::closed; });
  }
  for (const auto& instance : instances_) {
    if (instance->runs()) instance->webhook_changed(order.lane);
  }
}

/// Other processes notice within a second.
void World::store_changed(int by) {
  for (int i = 0; i < 2; ++i) {
    if (i != by) instances_.at(static_cast<std::size_t>(i))->look(milliseconds(700));
  }
}

/// The instance that a caller of the host comes to; null if none runs.
Instance* World::somebody(const Action& action) {
  const auto first = static_cast<std::size_t>(action.at.count()) % 2;
  for (const std::size_t i : {first, 1 - first}) {
    if (instances_.at(i)->serves()) return instances_.at(i).get();
  }
  return nullptr;
}

// --- Commands ------------------------------------------------------------------------------------

void World::command(const Action& action) {
  Instance* instance = somebody(action);
  if (!instance) return;
  instance->command([this, action](DeliveryStore& store, DeliveryCore& core, const Moment& now) {
    switch (action.verb) {
      case Verb::replay:
        return replay(action, store, now);
      case Verb::recover: {
        RecoverQuery query;
        query.lane = lane_key(scene_.plan(action.who.front()));
        query.since = now.wall - milliseconds(action.number);
        query.up_to = store.newest().value_or(0);
        query.limit = 1'000;
        static_cast<void>(store.recover(query, now));
        return;
      }
      case Verb::discard: {
        DeliveryQuery query;
        query.tenant = lane_key(scene_.plan(action.who.front())).tenant;
        query.webhook_id = lane_key(scene_.plan(action.who.front())).webhook_id;
        query.limit = 1'000;
        static_cast<void>(store.discard(query, "by command", now));
        return core.recall(now);
      }
      case Verb::erase:
      case Verb::erase_import:
        return erase(action, store, core, now);
      case Verb::pause_all:
      case Verb::resume_all:
        static_cast<void>(store.set_paused(action.verb == Verb::pause_all));
        return witness_.disturbed(scene_.now());
      default:
        return;
    }
  });
}

void World::replay(const Action& action, DeliveryStore& store, const Moment& now) {
  std::vector<DeliveryId> ids;
  for (const auto& [id, delivery] : witness_.facts().deliveries) {
    if (delivery.receiver == action.who.front()) ids.push_back(id);
  }
  if (ids.empty()) return;
  const auto chosen = static_cast<std::size_t>(action.number) % ids.size();
  static_cast<void>(store.replay(ids[chosen], now));
}

void World::erase(const Action& action, DeliveryStore& store, DeliveryCore& core,
                  const Moment& now) {
  EraseQuery query;
  query.tenant = tenant_name(action.who.front());
  if (action.verb == Verb::erase_import) {
    std::vector<std::string> imports;
    for (const auto& [id, delivery] : witness_.facts().deliveries) {
      const bool own = scene_.plan(delivery.receiver).tenant == action.who.front();
      if (own) imports.push_back(delivery.import_id);
    }
    if (imports.empty()) return;
    query.import_id = imports[static_cast<std::size_t>(action.number) % imports.size()];
  }
  static_cast<void>(store.erase(query, 1'000'000));
  core.recall(now);
}

// --- The end -------------------------------------------------------------------------------------

/// From here on everything works, so that everything must come to an end.
void World::settle() {
  settled_ = true;
  scene_.heal();
  witness_.disturbed(scene_.now() + kTakeover);
  for (const auto& instance : instances_) instance->freeze(scene_.now());
  if (!instances_[0]->runs() && !instances_[1]->runs()) start(*instances_[0]);
  for (const ReceiverPlan& plan : script_.receivers) {
    if (scene_.settings(plan.number).state != State::closed) continue;
    configure(plan.number, [](LaneSettings& settings) { settings.state = State::open; });
  }
  resume_everything();
}

void World::resume_everything() {
  if (!witness_.facts().paused) return;
  Action resume;
  resume.verb = Verb::resume_all;
  command(resume);
  scene_.after(seconds(1), [this] { resume_everything(); });
}

}  // namespace hookline::simulation
