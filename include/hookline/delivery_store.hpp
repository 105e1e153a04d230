#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "hookline/delivery.hpp"
#include "hookline/event.hpp"
#include "hookline/export.hpp"
#include "hookline/result.hpp"

namespace hookline {

/// The time line on which tries are due. A dispatcher anchors it to system time when it starts and
/// lets it run with steady time from then on, so that a jump of the wall clock moves no try. A
/// store that keeps less than nanoseconds rounds up: a try may be late, never early.
struct DueClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<DueClock>;
  static constexpr bool is_steady = true;
};
using DueTime = DueClock::time_point;

/// Deliveries that share limits and turns: those of one managed webhook, or the basic ones of one
/// tenant to one origin.
struct LaneKey {
  std::string tenant;
  std::string webhook_id;  ///< empty in a lane of basic webhooks
  std::string origin;      ///< `https://host:port`; empty in a managed lane

  /// The tenant counts: an id that was removed can come back under another one.
  friend bool operator==(const LaneKey& a, const LaneKey& b) {
    return a.webhook_id == b.webhook_id && a.tenant == b.tenant && a.origin == b.origin;
  }
};

struct LaneKeyHash {
  std::size_t operator()(const LaneKey& key) const {
    const std::hash<std::string> hash;
    return (hash(key.tenant) * 31 + hash(key.webhook_id)) * 31 + hash(key.origin);
  }
};

/// A delivery that is to be stored with its event.
struct NewDelivery {
  LaneKey lane;
  std::string url;  ///< of a basic webhook, whole; a managed one has the address of its webhook
  DueTime due{};
  bool leased = false;  ///< born leased: the caller sends it, under lease number 1
  std::string refused;  ///< not empty: it ends at once as `exhausted`, for this reason
};

/// An event with its deliveries. Each body is stored once, however many deliveries share it.
struct NewEvent {
  std::string message_id;
  std::string tenant;
  std::string import_id;
  Event event = Event::import_completed;
  std::chrono::system_clock::time_point created_at{};
  std::shared_ptr<const std::string> managed_body;  ///< null without a managed delivery
  std::shared_ptr<const std::string> basic_body;    ///< null without a basic one
  std::vector<NewDelivery> deliveries;
  DueTime lease_until{};  ///< of the deliveries that are born leased
};

/// A delivery that the caller alone may work on until its lease ends.
struct Claim {
  DeliveryId id = 0;
  std::uint64_t lease = 0;  ///< the fence: an outcome under an older number is not recorded
  DueTime lease_until{};
  DueTime due{};  ///< when it was due
  LaneKey lane;
  std::uint32_t attempts = 0;  ///< finished ones that counted
  std::string message_id;
  std::string import_id;
  Event event = Event::import_completed;
  std::string url;  ///< as in `NewDelivery`
  std::shared_ptr<const std::string> body;
  std::chrono::system_clock::time_point created_at{};
  std::optional<DeliveryId> replay_of;
};

/// What became of a claim.
struct Outcome {
  enum class Kind {
    delivered,
    retry,  ///< pending again, due at `due`
    exhausted,
    discarded,
    released  ///< pending again, due at `due`, as if it had not been claimed
  };
  Kind kind = Kind::released;
  Claim claim;
  DueTime due{};
  std::optional<Attempt> attempt;  ///< absent when no request was made
  std::string reason;              ///< for `discarded`
  std::chrono::system_clock::time_point at{};
};

/// When a lane may be listed as due again: `DueTime::min()` whenever something in it is due,
/// `DueTime::max()` not until another hold says so.
struct LaneHold {
  LaneKey lane;
  DueTime until = DueTime::min();
};

/// A wish for up to `count` deliveries of one lane that are due; with `early`, also for those that
/// are not due yet.
struct LaneClaim {
  LaneKey lane;
  std::size_t count = 0;
  bool early = false;
};

/// One round of work with a store, done in this order and in one transaction where it has them.
struct StoreWork {
  bool first = false;  ///< the caller has just started: holds of one before it end
  std::vector<Outcome> outcomes;
  std::vector<LaneHold> holds;
  std::vector<LaneClaim> claims;
  /// List up to so many lanes that have something due. A listed lane is held (`DueTime::max()`) for
  /// the caller until a claim empties it or a `LaneHold` lets go of it.
  std::size_t list_lanes = 0;
  DueTime now{};
  DueTime lease_until{};  ///< of the claims
};

struct ClaimedLane {
  LaneKey lane;
  std::vector<Claim> claims;
  bool more = false;  ///< more of the kind asked for is left; if not, the lane's hold has ended
};

struct StoreReply {
  std::vector<bool> recorded;  ///< for each outcome; false: its lease was lost, nothing changed
  std::vector<ClaimedLane> claimed;
  std::vector<LaneKey> due_lanes;
  std::optional<DueTime> next_due;  ///< when a lane is next worth listing, or a lease ends
};

/// Keeps events and deliveries; what is pending lives here and nowhere else.
///
/// Threads: every function may be called from any thread at any time. None of them throws.
/// Errors: `store_failed` with the reason; then nothing of the call has taken place, and it may be
/// tried again. Times are passed in: a store has no clock of its own.
class HOOKLINE_API DeliveryStore {
 public:
  DeliveryStore() = default;
  DeliveryStore(const DeliveryStore&) = delete;
  DeliveryStore& operator=(const DeliveryStore&) = delete;
  virtual ~DeliveryStore();

  /// Stores events, each whole or not at all; durable when it returns. The result has one entry for
  /// each event, with the ids of its deliveries in their order. `store_full`, `store_failed`.
  [[nodiscard]] virtual std::vector<Result<std::vector<DeliveryId>>> append(
      std::vector<NewEvent> events) = 0;

  /// Records outcomes, holds lanes, hands out claims, lists lanes. Leases that have ended by
  /// `work.now` count as lost: their deliveries are due again.
  [[nodiscard]] virtual Result<StoreReply> exchange(const StoreWork& work) = 0;

  /// Stores a new delivery of the same event to the same webhook. `delivery_not_found`,
  /// `store_full`.
  [[nodiscard]] virtual Result<Delivery> replay(DeliveryId id,
                                                std::chrono::system_clock::time_point created_at,
                                                DueTime due) = 0;

  /// `delivery_not_found`.
  [[nodiscard]] virtual Result<Delivery> find(DeliveryId id) const = 0;
  /// `invalid_query`.
  [[nodiscard]] virtual Result<DeliveryPage> list(const DeliveryQuery& query) const = 0;
  /// Oldest first. `delivery_not_found`.
  [[nodiscard]] virtual Result<std::vector<Attempt>> attempts(DeliveryId id) const = 0;
  [[nodiscard]] virtual Result<DeliveryCounts> counts() const = 0;
  /// Whether a delivery with an id up to this one has no outcome yet.
  [[nodiscard]] virtual Result<bool> has_unfinished(DeliveryId up_to) const = 0;
};

}  // namespace hookline
