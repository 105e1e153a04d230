#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "deliver/lane_health.hpp"
#include "hookline/delivery_store.hpp"

namespace hookline::detail {

/// What the configuration says about a lane at this moment.
struct LaneSettings {
  enum class State {
    open,    ///< deliveries may be sent
    closed,  ///< the webhook is paused or disabled: they wait
    gone     ///< the webhook was removed: they are discarded
  };
  State state = State::open;
  std::size_t max_in_flight = 1;
  /// At least this long from the start of one request to the start of the next; 0: no limit.
  DueClock::duration spacing{0};
  bool fifo = false;           ///< one after the other, in the order in which they became durable
  std::uint64_t revision = 0;  ///< of the webhook; 0 in a lane of basic webhooks
  DueTime changed_at = DueTime::min();  ///< likewise; about, where the wall clock was set since
};

/// Where the core looks up configuration. Answers at once, from memory.
class LaneDirectory {
 public:
  virtual ~LaneDirectory() = default;
  [[nodiscard]] virtual LaneSettings settings(const LaneKey& lane) const = 0;
  [[nodiscard]] virtual std::vector<std::chrono::milliseconds> retry_schedule(
      const LaneKey& lane) const = 0;
};

/// What the core holds of a lane that it has something to do with. What is pending is not here: the
/// store has it.
struct Lane {
  LaneKey key;
  std::deque<Claim> queue;    ///< claimed, not sent yet
  std::size_t in_flight = 0;  ///< requests that are out
  std::size_t reserved = 0;   ///< slots promised to deliveries that are being stored
  std::size_t asked_for = 0;  ///< deliveries in a claim that the store is working on
  bool in_turn = false;       ///< stands in `Turns`
  Lane* behind = nullptr;     ///< the next of its tenant there
  bool resting = false;       ///< has something queued, but stands out of line until `rests_until`
  bool in_order = false;      ///< what is queued is the head of the lane, as the store knows it
  bool backlog = false;       ///< the store has more that is due, and holds the lane for us
  bool hungry = false;        ///< stands in the list of lanes that want to claim
  bool draining = false;      ///< the webhook is gone: claim everything, due or not, to discard it

  DueTime rests_until{};
  std::uint64_t number = 0;          ///< orders lanes that rest until the same time
  std::uint64_t unreachable_in = 0;  ///< the last `Reachability::period` in which nobody was there
  DueTime unreachable_at{};          ///< when that was
  DueClock::duration answer_time = DueClock::duration::max();  ///< of the last request
  LaneHealth health;

  [[nodiscard]] std::size_t held() const { return queue.size() + in_flight + reserved + asked_for; }
  [[nodiscard]] bool idle() const {
    return held() == 0 && !in_turn && !resting && !backlog && !hungry;
  }
  /// Whether it knows something that a new one would not.
  [[nodiscard]] bool memorable() const { return !health.is_blank() || unreachable_in != 0; }
};

}  // namespace hookline::detail
