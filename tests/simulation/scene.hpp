#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <utility>
#include <vector>

#include "deliver/delivery_core.hpp"
#include "simulation/facts.hpp"
#include "simulation/fate.hpp"
#include "simulation/faulty_store.hpp"
#include "simulation/script.hpp"

namespace hookline::simulation {

/// Where something else can be put in place of the real thing: another store to be proven, or a
/// fault that a test puts there on purpose.
struct Seams {
  std::function<std::unique_ptr<DeliveryStore>()> store;  ///< empty: `MemoryStore`
  /// Opens the store once more, for one instance; it is closed when the instance dies, and what it
  /// had leased is then taken over at once. Empty: all share the one above.
  std::function<std::unique_ptr<DeliveryStore>()> opened_again;
  /// What the core is told of the configuration, instead of what is true.
  std::function<std::unique_ptr<detail::LaneDirectory>(const detail::LaneDirectory&)> directory;
  /// What becomes of the core's orders before they are carried out.
  std::function<void(detail::Orders&)> orders;
  /// What becomes of an answer before the core hears it.
  std::function<void(HttpResult&)> answers;
  double luck_added = 0;          ///< to what the core draws
  bool due_follows_wall = false;  ///< an instance's time line jumps with the wall clock
};

/// What instances share: time, the network and what is at its other end, the configuration, and the
/// moods of the store.
class Scene final : public detail::LaneDirectory {
 public:
  explicit Scene(const Script& script);

  // --- Time --------------------------------------------------------------------------------------

  [[nodiscard]] Span now() const { return now_; }
  /// The system clock, which can be set.
  [[nodiscard]] Span wall() const { return kEpoch + now_ + wall_shift_; }
  void set_wall(Span by) { wall_shift_ += by; }
  void at(Span time, std::function<void()> act);
  void after(Span delay, std::function<void()> act) { at(now_ + delay, std::move(act)); }
  [[nodiscard]] bool over() const { return agenda_.empty(); }
  /// Moves on to the next thing that happens, which is then to be called.
  [[nodiscard]] std::function<void()> next();

  // --- Configuration -----------------------------------------------------------------------------

  [[nodiscard]] detail::LaneSettings settings(const LaneKey& lane) const override;
  [[nodiscard]] std::vector<milliseconds> retry_schedule(const LaneKey& lane) const override;
  [[nodiscard]] const detail::LaneSettings& settings(int receiver) const {
    return receivers_.at(receiver).settings;
  }
  [[nodiscard]] const ReceiverPlan& plan(int receiver) const {
    return receivers_.at(receiver).plan;
  }
  [[nodiscard]] bool knows(int receiver) const { return receivers_.count(receiver) > 0; }
  /// Changes a webhook, which gives it a new revision.
  void configure(int receiver, const std::function<void(detail::LaneSettings&)>& change);

  // --- The network -------------------------------------------------------------------------------

  struct Reply {
    HttpResult result;
    Span latency{0};
  };
  [[nodiscard]] Reply reply_to(const Claim& claim) const;
  void set_mood(int receiver, Mood mood) { receivers_.at(receiver).mood = mood; }
  void cut_network(Span until) { cut_until_ = std::max(cut_until_, until); }

  // --- The store ---------------------------------------------------------------------------------

  [[nodiscard]] Fault next_fault();
  /// How long a half of a call of the store takes.
  [[nodiscard]] Span store_delay();
  void break_store(Span until) { broken_until_ = std::max(broken_until_, until); }
  void slow_store(Span until) { slow_until_ = std::max(slow_until_, until); }

  /// From now on everything works.
  void heal();

  [[nodiscard]] const Script& script() const { return script_; }
  [[nodiscard]] const Fate& fate() const { return fate_; }
  /// A number that is not given twice at the same time.
  std::uint64_t tick();

 private:
  static constexpr Span kEpoch = std::chrono::seconds(1'700'000'000);

  struct Receiver {
    ReceiverPlan plan;
    detail::LaneSettings settings;
    Mood mood = Mood::healthy;
  };
  struct Event {
    Span at;
    std::uint64_t order;
    std::function<void()> act;
    bool operator<(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  const Script& script_;
  const Fate fate_;
  Span now_{0};
  Span wall_shift_{0};
  std::priority_queue<Event> agenda_;
  std::uint64_t order_ = 0;
  std::uint64_t ticks_ = 0;
  Span ticked_at_{0};
  std::map<int, Receiver> receivers_;
  Span cut_until_{0};
  Span broken_until_{0};
  Span slow_until_{0};
  bool healed_ = false;
};

}  // namespace hookline::simulation
