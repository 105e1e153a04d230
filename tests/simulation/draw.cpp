#include "simulation/draw.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace hookline::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// Draws one script, with a generator of its own: what it draws becomes data.
class Artist {
 public:
  Artist(std::uint64_t seed, const Shape& shape) : shape_(shape), random_(seed) {
    script_.seed = seed;
  }

  Script draw() {
    settings();
    for (int i = 0; i < shape_.receivers; ++i) receiver(i);
    start_instances();
    for (int i = 0; i < shape_.dispatches; ++i) dispatch();
    for (int i = 0; i < shape_.changes; ++i) change();
    for (Action& action : script_.actions) action.at = std::min(action.at, shape_.length);
    std::stable_sort(script_.actions.begin(), script_.actions.end(),
                     [](const Action& a, const Action& b) { return a.at < b.at; });
    script_.settles = shape_.length + minutes(1);
    return std::move(script_);
  }

 private:
  void settings() {
    const bool days = shape_.length > hours(100);
    script_.schedule =
        days ? std::vector<milliseconds>{seconds(0), seconds(5), minutes(5), minutes(30), hours(2),
                                         hours(5),   hours(10),  hours(14),  hours(20),   hours(24)}
             : std::vector<milliseconds>{seconds(0), seconds(5), minutes(5), minutes(30), hours(2)};
    script_.max_in_flight = shape_.receivers > 100 ? 256 : static_cast<std::size_t>(between(2, 24));
    if (one_in(4)) script_.max_idle_lanes = static_cast<std::size_t>(between(0, 3));
    if (!shape_.store_faults) script_.store_failure = 0;
    if (shape_.short_retention && one_in(3)) {
      script_.retention.delivered = minutes(between(1, 300));
      script_.retention.exhausted_and_discarded = minutes(between(1, 300));
      script_.retention.pending = hours(between(4, 12));
      if (one_in(2)) script_.retention.bodies = minutes(between(1, 60));
    }
  }

  void receiver(int number) {
    ReceiverPlan plan;
    plan.number = number;
    plan.tenant = number % shape_.tenants;
    plan.basic = one_in(6);
    plan.limit = static_cast<std::size_t>(between(1, 6));
    if (!plan.basic && one_in(4)) plan.spacing = milliseconds(between(1, 40) * 250);
    plan.fifo = !plan.basic && one_in(4);
    script_.receivers.push_back(plan);
  }

  void start_instances() {
    act(milliseconds(0), Verb::start, {0});
    if (shape_.process_faults && one_in(3)) act(some_time(), Verb::start, {1});
  }

  /// Some come in bursts, since that is when limits and order matter.
  void dispatch() {
    Action action;
    action.verb = Verb::dispatch;
    action.at = one_in(2) && !script_.actions.empty()
                    ? script_.actions.back().at + milliseconds(between(0, 300))
                    : some_time();
    const int tenant = static_cast<int>(between(0, shape_.tenants - 1));
    for (const ReceiverPlan& plan : script_.receivers) {
      if (plan.tenant == tenant && !one_in(3)) action.who.push_back(plan.number);
    }
    if (one_in(5)) action.number = between(1, 12);
    if (!action.who.empty()) script_.actions.push_back(std::move(action));
  }

  void change() {
    const std::int64_t what = between(0, 99);
    if (what < 45) {
      if (shape_.network_faults) change_of_network();
    } else if (what < 65) {
      if (shape_.configuration) change_of_configuration();
    } else if (what < 75) {
      if (shape_.process_faults) change_of_process();
    } else if (what < 82) {
      if (shape_.store_faults) {
        const bool slow = one_in(2);
        act(some_time(), slow ? Verb::store_slow : Verb::store_fails, {},
            between(1, slow ? 600 : 240) * 1'000);
      }
    } else if (shape_.commands) {
      command();
    }
  }

  void change_of_network() {
    if (one_in(15)) return act(some_time(), Verb::offline, {}, between(1, 1'800) * 1'000);
    Action action;
    action.at = some_time();
    action.verb = Verb::mood;
    action.who = {some_receiver()};
    // An end for good is rarer than a bad hour.
    action.mood = static_cast<Mood>(one_in(10) ? between(7, 8) : between(0, 6));
    script_.actions.push_back(action);
    if (one_in(2)) return;
    action.at += minutes(between(1, 60));
    action.mood = Mood::healthy;
    script_.actions.push_back(std::move(action));
  }

  void change_of_configuration() {
    const int receiver = some_receiver();
    const milliseconds at = some_time();
    switch (between(0, 9)) {
      case 0:
      case 1:
      case 2:
        act(at, Verb::pause, {receiver});
        return act(at + minutes(between(0, 90)), Verb::open, {receiver});
      case 3:
        return act(at, Verb::pause, {receiver});
      case 4:
        return act(at, Verb::open, {receiver});
      case 5:
        act(at, Verb::remove, {receiver});
        if (one_in(2)) act(at + seconds(between(0, 600)), Verb::add, {receiver});
        return;
      case 6:
        return act(at, Verb::limit, {receiver}, between(1, 8));
      case 7:
        return act(at, Verb::spacing, {receiver}, one_in(3) ? 0 : between(1, 40) * 250);
      default:
        return act(at, Verb::fifo, {receiver}, between(0, 1));
    }
  }

  void change_of_process() {
    const int instance = one_in(3) ? 1 : 0;
    const std::int64_t pause = between(0, 300) * 1'000;
    switch (between(0, 4)) {
      case 0:
      case 1:
        return act(some_time(), Verb::crash, {instance}, pause);
      case 2:
        return act(some_time(), Verb::stop, {instance}, pause);
      case 3:
        return act(some_time(), Verb::freeze, {instance}, pause);
      default:
        return act(some_time(), Verb::wall, {}, between(-7'200, 7'200) * 1'000);
    }
  }

  void command() {
    const milliseconds at = some_time();
    const int tenant = static_cast<int>(between(0, shape_.tenants - 1));
    switch (between(0, 9)) {
      case 0:
      case 1:
      case 2:
        return act(at, Verb::replay, {some_receiver()}, between(0, 30));
      case 3:
      case 4:
        return act(at, Verb::recover, {some_receiver()}, between(1, 14'400) * 1'000);
      case 5:
      case 6:
        return act(at, Verb::discard, {some_receiver()});
      case 7:
        return act(at, Verb::erase_import, {tenant}, between(0, 30));
      case 8:
        if (one_in(3)) act(at, Verb::erase, {tenant});
        return;
      default:
        act(at, Verb::pause_all, {});
        return act(at + seconds(between(1, 900)), Verb::resume_all, {});
    }
  }

  void act(milliseconds at, Verb verb, std::vector<int> who, std::int64_t number = 0) {
    Action action;
    action.at = at;
    action.verb = verb;
    action.who = std::move(who);
    action.number = number;
    script_.actions.push_back(std::move(action));
  }

  milliseconds some_time() { return milliseconds(between(0, shape_.length.count())); }
  int some_receiver() { return static_cast<int>(between(0, shape_.receivers - 1)); }
  bool one_in(std::int64_t n) { return between(1, n) == 1; }
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }

  const Shape shape_;
  std::mt19937_64 random_;
  Script script_;
};

}  // namespace

Shape small_shape() { return {}; }

Shape long_shape() {
  Shape shape;
  shape.length = hours(24 * 14);
  return shape;
}

Shape shape_of(std::uint64_t seed) { return seed % 4 == 0 ? long_shape() : small_shape(); }

Shape large_shape(double scale) {
  Shape shape;
  shape.receivers = std::max(10, static_cast<int>(300 * scale));
  shape.tenants = std::max(3, static_cast<int>(100 * scale));
  shape.dispatches = static_cast<int>(56'000 * scale);
  shape.length = hours(24 * 30);
  shape.changes = static_cast<int>(2'000 * scale);
  shape.short_retention = false;
  return shape;
}

Script draw(std::uint64_t seed, const Shape& shape) { return Artist(seed, shape).draw(); }

}  // namespace hookline::simulation
