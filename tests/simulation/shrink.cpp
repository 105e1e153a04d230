#include "simulation/shrink.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace hookline::simulation {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// Looks for a smaller script. A step that keeps the violation is kept, any other is undone.
class Shrinker {
 public:
  Shrinker(Script script, const Trial& trial, std::size_t runs)
      : best_(std::move(script)), trial_(trial), runs_(runs), promise_(trial(best_)) {}

  Script shrink() {
    if (!promise_) return best_;
    for (bool smaller = true; smaller && runs_ > 0;) {
      smaller = drop_actions();
      smaller |= drop_receivers();
      smaller |= simplify_settings();
      for (std::size_t i = 0; i < best_.actions.size(); ++i) smaller |= simplify_action(i);
    }
    return best_;
  }

 private:
  /// Delta debugging (Zeller, 2002): leaves parts out, large ones first.
  bool drop_actions() {
    bool smaller = false;
    for (std::size_t part = std::max<std::size_t>(best_.actions.size() / 2, 1); part > 0;) {
      bool dropped = false;
      for (std::size_t from = 0; from < best_.actions.size();) {
        Script without = best_;
        const auto begin = without.actions.begin() + static_cast<std::ptrdiff_t>(from);
        const std::size_t count = std::min(part, without.actions.size() - from);
        without.actions.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
        if (try_out(std::move(without))) {
          smaller = dropped = true;
        } else {
          from += part;
        }
      }
      if (part == 1 && !dropped) break;
      part = part == 1 ? 1 : part / 2;
    }
    return smaller;
  }

  bool drop_receivers() {
    bool smaller = false;
    for (std::size_t i = best_.receivers.size(); i-- > 0;) {
      Script without = best_;
      const int number = without.receivers[i].number;
      without.receivers.erase(without.receivers.begin() + static_cast<std::ptrdiff_t>(i));
      for (Action& action : without.actions) {
        if (action.verb != Verb::dispatch) continue;
        const auto end = std::remove(action.who.begin(), action.who.end(), number);
        action.who.erase(end, action.who.end());
      }
      const auto idle = [&](const Action& action) {
        return action.who.empty() ? action.verb == Verb::dispatch
                                  : is_about_receivers(action.verb) && action.who[0] == number;
      };
      const auto end = std::remove_if(without.actions.begin(), without.actions.end(), idle);
      without.actions.erase(end, without.actions.end());
      smaller |= try_out(std::move(without));
    }
    return smaller;
  }

  bool simplify_settings() {
    bool smaller = false;
    const auto change = [&](auto edit) {
      Script edited = best_;
      edit(edited);
      if (to_text(edited) != to_text(best_)) smaller |= try_out(std::move(edited));
    };
    change([](Script& script) { script.store_failure = 0; });
    change([](Script& script) { script.jitter = 0; });
    change([](Script& script) { script.retention = Retention(); });
    change([](Script& script) { script.max_idle_lanes = Script().max_idle_lanes; });
    change([](Script& script) {
      const milliseconds last = script.actions.empty() ? milliseconds(0) : script.actions.back().at;
      script.settles = std::min(script.settles, last + minutes(10));
    });
    for (std::size_t i = 0; i < best_.receivers.size(); ++i) {
      change([i](Script& script) { script.receivers[i].spacing = milliseconds(0); });
      change([i](Script& script) { script.receivers[i].fifo = false; });
      change([i](Script& script) { script.receivers[i].basic = false; });
      change([i](Script& script) { script.receivers[i].limit = 1; });
    }
    return smaller;
  }

  bool simplify_action(std::size_t i) {
    bool smaller = false;
    for (std::size_t who = best_.actions[i].who.size();
         who-- > 0 && best_.actions[i].who.size() > 1;) {
      Script without = best_;
      auto& all = without.actions[i].who;
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(who));
      smaller |= try_out(std::move(without));
    }
    for (const milliseconds unit : {milliseconds(hours(1)), milliseconds(minutes(1)),
                                    milliseconds(seconds(1)), milliseconds(100)}) {
      if (round_time(i, unit)) smaller = true;
      if (best_.actions[i].at.count() % unit.count() == 0) break;
    }
    for (const std::int64_t number : {std::int64_t{0}, std::int64_t{1}, std::int64_t{1'000},
                                      std::int64_t{60'000}, std::int64_t{600'000}}) {
      if (best_.actions[i].number == number) break;
      Script rounded = best_;
      rounded.actions[i].number = number;
      if (try_out(std::move(rounded))) return true;
    }
    return smaller;
  }

  /// Rounds a time down, and lets the actions before it stay before it.
  bool round_time(std::size_t i, milliseconds unit) {
    const milliseconds at = best_.actions[i].at;
    const milliseconds rounded(at.count() / unit.count() * unit.count());
    if (rounded == at) return false;
    Script script = best_;
    script.actions[i].at = rounded;
    for (std::size_t before = 0; before < i; ++before) {
      script.actions[before].at = std::min(script.actions[before].at, rounded);
    }
    return try_out(std::move(script));
  }

  bool try_out(Script script) {
    if (runs_ == 0) return false;
    --runs_;
    if (trial_(script) != promise_) return false;
    best_ = std::move(script);
    return true;
  }

  static bool is_about_receivers(Verb verb) {
    switch (verb) {
      case Verb::crash:
      case Verb::stop:
      case Verb::start:
      case Verb::freeze:
      case Verb::erase:
      case Verb::erase_import:
        return false;
      default:
        return true;
    }
  }

  Script best_;
  const Trial& trial_;
  std::size_t runs_;
  const std::optional<Promise> promise_;
};

}  // namespace

Script shrink(const Script& script, const Trial& trial, std::size_t runs) {
  return Shrinker(script, trial, runs).shrink();
}

}  // namespace hookline::simulation
