#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "deliver/holdings.hpp"
#include "deliver/lane.hpp"
#include "deliver/turns.hpp"
#include "deliver/verdict.hpp"
#include "hookline/delivery_store.hpp"

namespace hookline::detail {

/// One moment on both time lines: `due` is compared and waited for, `wall` is written down.
struct Now {
  DueTime due{};
  std::chrono::system_clock::time_point wall{};
};

/// Where the core takes its randomness from.
class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual double unit() = 0;  ///< 0 up to but not including 1
};

struct CoreOptions {
  std::size_t max_in_flight = 256;
  double retry_jitter = 0.2;
  std::chrono::milliseconds request_timeout{15'000};
};

/// What came of a request that the core ordered.
struct SendResult {
  HttpResult result;
  std::string url;  ///< without its query
  std::chrono::system_clock::time_point started_at{};
  std::chrono::milliseconds duration{0};
  std::uint64_t webhook_revision = 0;  ///< of the configuration that it was made with
};

/// Something that was recorded, for the observer.
struct Notice {
  Delivery delivery;
  std::optional<Attempt> attempt;
};

struct DisableOrder {
  LaneKey lane;
  std::uint64_t revision = 0;  ///< only if the webhook is still the one that was asked
  std::string reason;
};

/// What is to be done in the world, in this order: disable, send, notify, work with the store.
struct Orders {
  std::vector<DisableOrder> disables;
  /// Valid until `answered` or `not_sent` is called for it.
  std::vector<const Claim*> sends;
  std::vector<Notice> notices;
  /// Null, or valid until `exchanged` is called for it; until then there is no other.
  const StoreWork* work = nullptr;

  [[nodiscard]] bool empty() const {
    return disables.empty() && sends.empty() && notices.empty() && !work;
  }
};

/// The delivery engine as a state machine: what happened goes in through the functions above
/// `advance`, what is to be done comes out of `advance`. It has no thread, no clock, no I/O and no
/// randomness of its own, so that a simulator can drive it through years in seconds.
///
/// It decides who is sent to and when, within the limits, and what an answer means. It holds what
/// is claimed and nothing more: the store has what is pending. README.md beside this folder tells
/// the way of a delivery through it.
///
/// Threads: none; whoever drives it takes care that one call is made at a time.
class DeliveryCore {
 public:
  /// Refers to `lanes` and `random`, which must outlive it.
  DeliveryCore(CoreOptions options, const LaneDirectory& lanes, Random& random);
  DeliveryCore(const DeliveryCore&) = delete;
  DeliveryCore& operator=(const DeliveryCore&) = delete;

  // --- Accepting ---------------------------------------------------------------------------------

  /// Whether a new delivery of this lane could be sent at once. If so a slot is kept for it, and
  /// the caller stores it as born leased and then calls `accepted`, or `cancel_reservation`.
  [[nodiscard]] bool reserve(const LaneKey& lane);
  void cancel_reservation(const LaneKey& lane);
  void accepted(Claim claim);
  /// Something was stored, or let go of, that is due then.
  void waiting(DueTime due);
  /// When a lease that begins now ends.
  [[nodiscard]] DueTime lease_until(DueTime now) const;

  // --- Sending -----------------------------------------------------------------------------------

  void answered(DeliveryId id, SendResult result, const Now& now);
  /// The request was not made, since the webhook is not what it was when it was ordered.
  void not_sent(DeliveryId id);

  // --- The store, the configuration, the end -----------------------------------------------------

  void exchanged(Result<StoreReply> reply, const Now& now);
  /// A webhook was added, changed or removed, and its lane is in this state now.
  void webhook_changed(const LaneKey& lane, LaneSettings::State state);
  /// No request is ordered from now on; what is claimed and not out goes back to the store.
  void stop();

  /// What to do now. Call it after every input, and when `wake_at` has come.
  [[nodiscard]] Orders advance(const Now& now);
  [[nodiscard]] std::optional<DueTime> wake_at() const;

  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  /// Everything that has happened is recorded, and no claim waits to be sent.
  [[nodiscard]] bool settled() const;

 private:
  struct InFlight {
    Claim claim;
    Lane* lane = nullptr;
  };

  Lane& lane_at(const LaneKey& key);
  void forget_if_idle(Lane& lane);
  [[nodiscard]] LaneSettings settings(const LaneKey& key) const;

  void line_up(Lane& lane);
  void take_turns(Orders& orders, const Now& now);
  void take_turn(Lane& lane, Orders& orders, const Now& now);
  void send_next(Lane& lane, Orders& orders, const Now& now);
  void close(Lane& lane, const Now& now);
  void drain(Lane& lane);
  void release_queue(Lane& lane, const Now& now);
  void release(Claim claim, const Now& now);
  void discard(Claim claim, const Now& now);

  void add_outcome(Claim claim, SendResult result, const Verdict& verdict, const Now& now);

  [[nodiscard]] std::optional<DueTime> next_work() const;
  [[nodiscard]] bool can_claim() const;
  [[nodiscard]] bool can_list() const;
  void make_work(const Now& now);
  void add_claims();
  void claim(Lane& lane);
  void let_go(const Lane& lane, std::size_t count);
  void unpark(const std::string& tenant);
  [[nodiscard]] std::size_t room_for_claims(const Lane& lane) const;
  void work_failed(const Now& now);
  void note_recorded(const StoreReply& reply);
  void take_claims(ClaimedLane& claimed, const Now& now);
  void adopt(const LaneKey& key);

  const CoreOptions options_;
  const LaneDirectory& directory_;
  Random& random_;
  bool stopping_ = false;

  std::unordered_map<LaneKey, Lane, LaneKeyHash> lanes_;
  Turns turns_;
  Holdings held_;  ///< the sums of `Lane::held()`
  std::unordered_map<DeliveryId, InFlight> in_flight_;
  std::unordered_set<LaneKey, LaneKeyHash> closed_;   ///< lanes that we hold in the store
  std::unordered_set<LaneKey, LaneKeyHash> refused_;  ///< answered 410 and are being disabled

  // For the next round of work with the store.
  std::vector<Outcome> outcomes_;
  std::vector<LaneHold> holds_;
  std::deque<LaneKey> hungry_;  ///< lanes that have more in the store and room for it
  /// Hungry lanes of tenants that hold as much as they may, by tenant. They come back one by one.
  std::unordered_map<std::string, std::deque<LaneKey>> parked_;
  std::optional<DueTime> poll_at_;

  // The round that is under way, or has failed and is to be tried again.
  bool first_round_ = true;
  bool working_ = false;
  StoreWork work_;
  std::optional<DueTime> poll_at_before_work_;
  std::uint32_t failures_ = 0;
  DueTime retry_work_at_ = DueTime::min();

  std::vector<DisableOrder> disables_;
  std::vector<Notice> notices_;
};

}  // namespace hookline::detail
