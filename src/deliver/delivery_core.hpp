#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "deliver/holdings.hpp"
#include "deliver/lane.hpp"
#include "deliver/reachability.hpp"
#include "deliver/turns.hpp"
#include "deliver/verdict.hpp"
#include "hookline/delivery_store.hpp"

namespace hookline::detail {

/// Where the core takes its randomness from.
class Random {
 public:
  virtual ~Random() = default;
  [[nodiscard]] virtual double unit() = 0;  ///< 0 up to but not including 1
};

struct CoreOptions {
  bool deliver = true;  ///< false: nothing is claimed, listed or pruned
  std::size_t max_in_flight = 256;
  double retry_jitter = 0.2;
  std::chrono::milliseconds request_timeout{15'000};
  /// The least time from one round of work with the store to the next, if nothing in it is urgent:
  /// what gathers meanwhile shares a commit. A crash meanwhile sends again what was answered, as it
  /// does at any moment between an answer and its record.
  std::chrono::milliseconds gather_time{0};
  Retention retention;
  /// How many lanes without work are remembered for their health and their limits.
  std::size_t max_idle_lanes = 10'000;
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

/// Something that an operator wants to read of in a log.
struct Remark {
  enum class Kind {
    sender_offline,  ///< no lane gets an answer any more: this side has lost the network
    sender_online,   ///< an answer came again
    lane_resting,    ///< its breaker has opened, or its receiver asked for a pause
    lane_recovered,  ///< its first success after that
    lease_lost,      ///< an outcome came too late to be recorded
    store_failing,   ///< a round of work failed, the first one after others that did not
    store_recovered
  };
  Kind kind = Kind::sender_offline;
  LaneKey lane;
  std::string text;  ///< an error, or until when
};

struct DisableOrder {
  LaneKey lane;
  std::uint64_t revision = 0;  ///< only if the webhook is still the one that was asked
  std::string reason;
};

/// What is to be done in the world: send, notify, disable, and then work with the store.
struct Orders {
  std::vector<DisableOrder> disables;
  /// Valid until `answered` or `not_sent` is called for it.
  std::vector<const Claim*> sends;
  std::vector<Notice> notices;
  std::vector<Remark> remarks;
  /// Null, or valid until `exchanged` is called for it; until then there is no other.
  const StoreWork* work = nullptr;

  [[nodiscard]] bool empty() const {
    return disables.empty() && sends.empty() && notices.empty() && remarks.empty() && !work;
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
  /// A webhook whose every try has failed for so long is disabled.
  static constexpr std::chrono::hours kFailingTooLong{24 * 5};

  /// Refers to `lanes` and `random`, which must outlive it.
  DeliveryCore(CoreOptions options, const LaneDirectory& lanes, Random& random);
  DeliveryCore(const DeliveryCore&) = delete;
  DeliveryCore& operator=(const DeliveryCore&) = delete;

  // --- Accepting ---------------------------------------------------------------------------------

  /// Whether a new delivery of this lane, with a body of so many bytes, could be sent at once or
  /// soon. If so a slot is kept for it, and the caller stores it as born leased and then calls
  /// `accepted`, or `cancel_reservation`.
  [[nodiscard]] bool reserve(const LaneKey& lane, std::size_t body_bytes, const Moment& now);
  void cancel_reservation(const LaneKey& lane, std::size_t body_bytes);
  void accepted(Claim claim);
  /// Something was stored, or let go of, that is due then.
  void waiting(DueTime due);
  /// When a lease that begins now ends.
  [[nodiscard]] DueTime lease_until(DueTime now) const;

  // --- Sending -----------------------------------------------------------------------------------

  void answered(DeliveryId id, SendResult result, const Moment& now);
  /// The request was not made, since the webhook is not what it was when it was ordered.
  void not_sent(DeliveryId id);

  // --- The store, the configuration, the end -----------------------------------------------------

  void exchanged(Result<StoreReply> reply, const Moment& now);
  /// A webhook was added, changed or removed, and its lane is in this state now.
  void webhook_changed(const LaneKey& lane, LaneSettings::State state);
  /// The webhook could not be disabled, and is as it was.
  void not_disabled(const LaneKey& lane);
  /// A command has changed something in the store: it is asked anew, also whether it is paused.
  void look();
  /// What is claimed and not out goes back to the store, to be claimed anew: a command has changed
  /// deliveries there.
  void recall(const Moment& now);
  /// No request is ordered from now on; what is claimed and not out goes back to the store, which
  /// is told to hold no lane for the core any more.
  void stop();

  /// What to do now. Call it when `has_orders` says so after an input, and when `wake_at` has come.
  [[nodiscard]] Orders advance(const Moment& now);
  /// Whether `advance` has something to say at once, but for work with the store.
  [[nodiscard]] bool has_orders() const;
  [[nodiscard]] std::optional<DueTime> wake_at() const;

  /// Whether it sends at all.
  [[nodiscard]] bool delivers() const { return options_.deliver; }
  [[nodiscard]] bool paused() const { return paused_.value_or(false); }
  [[nodiscard]] bool offline() const { return reachability_.offline(); }
  [[nodiscard]] std::size_t lanes_in_memory() const { return lanes_.size(); }
  [[nodiscard]] std::size_t claims_in_memory() const { return held_.total(); }
  [[nodiscard]] std::size_t in_flight() const { return in_flight_.size(); }
  /// Everything that has happened is recorded, and no claim waits to be sent.
  [[nodiscard]] bool settled() const;

 private:
  /// A lease leaves room for a request, for one that stands before it in line, and a margin.
  static constexpr std::chrono::milliseconds kLeaseMargin{60'000};
  /// What may be held for each request that may be out. Of what is small and goes out soon it is
  /// `Holdings::kHeavy` times as much: to be born leased costs a delivery less than to be claimed.
  static constexpr std::size_t kHeldPerRequest = 4;
  /// So long a lane waits with claims in memory.
  static constexpr std::chrono::seconds kShortRest{2};

  struct InFlight {
    Claim claim;
    Lane* lane = nullptr;
  };

  [[nodiscard]] bool has_slot(const Lane& lane, const LaneSettings& current,
                              const Moment& now) const;
  [[nodiscard]] bool goes_out_soon() const;
  Lane& lane_at(const LaneKey& key);
  void forget_if_idle(Lane& lane);
  void forget_idle_lanes(bool those_that_wait_too);
  [[nodiscard]] LaneSettings settings(const LaneKey& key) const;

  void line_up(Lane& lane);
  [[nodiscard]] bool may_take_turns() const;
  void take_turns(Orders& orders, const Moment& now);
  void take_turn(Lane& lane, Orders& orders, const Moment& now);
  void rest(Lane& lane, const Moment& now);
  void wake(Lane& lane);
  void wake_rested(const Moment& now);
  void hold(Lane& lane, DueTime until);
  [[nodiscard]] bool found_nobody(const Lane& lane) const;
  [[nodiscard]] bool blocked(const Lane& lane, DueTime now) const;
  [[nodiscard]] std::size_t allowed(const Lane& lane, const LaneSettings& current) const;
  void send_next(Lane& lane, const LaneSettings& current, Orders& orders, const Moment& now);
  void close(Lane& lane, const Moment& now);
  void drain(Lane& lane);
  void release_queue(Lane& lane, const Moment& now);
  void discard_queue(Lane& lane, const Moment& now);
  void release(Claim claim, const Moment& now);
  void discard(Claim claim, const Moment& now);

  void note_reachability(Lane& lane, const SendResult& result, const Moment& now);
  void note_health(Lane& lane, const Verdict& verdict, const SendResult& result, const Moment& now);
  void disable(const LaneKey& lane, std::uint64_t revision, std::string reason);
  [[nodiscard]] bool may_send() const;
  void set_paused(bool paused);
  void line_up_all();
  void remark(Remark::Kind kind, const LaneKey& lane, std::string text = {});

  void add_outcome(Claim claim, SendResult result, const Verdict& verdict, bool in_order,
                   const Moment& now);
  void record(Outcome outcome, bool urgent);

  [[nodiscard]] std::optional<DueTime> next_work() const;
  [[nodiscard]] bool can_claim() const;
  [[nodiscard]] bool can_list() const;
  [[nodiscard]] std::size_t lanes_listed() const;
  [[nodiscard]] bool may_claim() const;
  [[nodiscard]] bool may_prune() const;
  [[nodiscard]] DueTime gate() const;
  void make_work(const Moment& now);
  void add_claims(const Moment& now);
  void choose_probe(const Moment& now);
  void list_lanes();
  void claim(Lane& lane);
  void let_go(const Lane& lane, const Claim& claim);
  void made_room(const std::string& tenant);
  void unpark(const std::string& tenant);
  [[nodiscard]] std::size_t room_for_claims(const Lane& lane) const;
  void work_failed(const Error& error, const Moment& now);
  void note_recorded(StoreReply& reply);
  void note_failing(const Outcome& outcome, const RecordedOutcome& recorded);
  void plan_pruning(const StoreReply& reply);
  void take_claims(ClaimedLane& claimed, const Moment& now);
  void adopt(const LaneKey& key);

  const CoreOptions options_;
  const LaneDirectory& directory_;
  Random& random_;
  bool stopping_ = false;
  std::optional<bool> paused_;    ///< as the store says; nothing is sent before it has
  DueTime now_ = DueTime::min();  ///< the latest that was heard of
  Reachability reachability_;

  std::unordered_map<LaneKey, Lane, LaneKeyHash> lanes_;
  std::uint64_t last_lane_ = 0;
  Turns turns_;
  std::map<std::pair<DueTime, std::uint64_t>, Lane*> resting_;  ///< by time and `Lane::number`
  Holdings held_;                                               ///< what `Lane::held()` counts
  std::unordered_map<DeliveryId, InFlight> in_flight_;
  DueTime answered_at_ = DueTime::min();  ///< the last request, or begun when none was out
  DueClock::duration answer_gap_;         ///< from one answer to the next, on average
  std::unordered_set<LaneKey, LaneKeyHash> disabling_;  ///< until the registry has heard of it

  // For the next round of work with the store.
  std::vector<Outcome> outcomes_;
  bool outcomes_urgent_ = false;
  DueTime next_gathered_ = DueTime::min();  ///< the next round that nothing urgent asks for
  std::vector<LaneHold> holds_;
  /// Lanes that have more in the store and room for it; those that drain stand first.
  std::deque<LaneKey> hungry_;
  /// Hungry lanes of tenants that hold as much as they may, by tenant. They come back one by one.
  std::unordered_map<std::string, std::deque<LaneKey>> parked_;
  /// Tenants that had no room when lanes were listed last.
  std::unordered_set<std::string> passed_over_;
  std::optional<DueTime> poll_at_;
  std::optional<DueTime> prune_at_;
  DueTime next_pruning_ = DueTime::min();  ///< not before that
  bool look_ = true;  ///< a round is wanted even if there is nothing to do in it

  // The round that is under way, or has failed and is to be tried again.
  bool first_round_;
  bool working_ = false;
  bool recalled_ = false;  ///< since it began: what it claims goes back
  StoreWork work_;
  std::optional<DueTime> poll_at_before_work_;
  std::uint32_t failures_ = 0;
  DueTime retry_work_at_ = DueTime::min();

  std::vector<DisableOrder> disables_;
  std::vector<Notice> notices_;
  std::vector<Remark> remarks_;
};

}  // namespace hookline::detail
