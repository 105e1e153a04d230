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
#include "hookline/dispatch_receipt.hpp"
#include "hookline/event.hpp"
#include "hookline/export.hpp"
#include "hookline/quotas.hpp"
#include "hookline/result.hpp"
#include "hookline/retention.hpp"

namespace hookline {

/// The time line on which tries are due. A dispatcher anchors it to system time when it starts, but
/// never before `DeliveryStore::last_time`, and lets it run with steady time from then on, so that
/// a jump of the wall clock moves no try. A store that keeps less than nanoseconds rounds up: a try
/// may be late, never early.
struct DueClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<DueClock>;
  static constexpr bool is_steady = true;
};
using DueTime = DueClock::time_point;

/// One moment on both time lines: `due` is compared and waited for, `wall` is written down.
struct Moment {
  DueTime due{};
  std::chrono::system_clock::time_point wall{};
};

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
  LaneKey lane;     ///< of the event's tenant
  std::string url;  ///< of a basic webhook, whole; a managed one has the address of its webhook
  DueTime due{};
  bool leased = false;  ///< born leased: the caller sends it, under lease number 1
  /// `exhausted` or `discarded`: it ends at once, for this reason.
  DeliveryStatus status = DeliveryStatus::pending;
  std::string reason;
};

/// Makes a dispatch repeatable: the same key of the same tenant stores its event once.
struct IdempotencyKey {
  std::string key;
  std::string fingerprint;  ///< of the import; another one under the same key is a conflict
  DueTime expires{};        ///< from then on the key is as good as new
};

/// An event with its deliveries. Each body is stored once, however many deliveries share it.
struct NewEvent {
  /// What the dispatcher's caller is told. Its deliveries are the first ones of `deliveries`, in
  /// the same order; the store fills in their ids.
  DispatchReceipt receipt;
  std::string tenant;
  Moment accepted;
  std::shared_ptr<const std::string> managed_body;  ///< null without a managed delivery
  std::shared_ptr<const std::string> basic_body;    ///< null without a basic one
  std::vector<NewDelivery> deliveries;              ///< none: only the key is kept
  DueTime lease_until{};                            ///< of the deliveries that are born leased
  std::optional<IdempotencyKey> idempotency_key;
};

struct AppendedEvent {
  DispatchReceipt receipt;      ///< with ids; that of the first dispatch if it is a repetition
  bool repeated = false;        ///< the key was there already: nothing was stored
  std::vector<DeliveryId> ids;  ///< of all of `NewEvent::deliveries`; none if it is a repetition
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
  std::optional<Attempt> attempt;      ///< absent when no request was made, or it does not count
  std::string reason;                  ///< for `discarded`
  std::uint64_t webhook_revision = 0;  ///< that was asked; the store has no use for it
  std::chrono::system_clock::time_point at{};
};

/// What the store did with an outcome.
struct RecordedOutcome {
  bool recorded = false;  ///< false: the lease was lost, and nothing has changed
  /// Not empty: a command had taken the delivery off, so that instead of waiting again it is
  /// `discarded`, for this reason.
  std::string taken_off;
  /// Of the lane, afterwards: the first counted attempt that failed since the last that succeeded.
  std::optional<DueTime> failing_since;
};

/// When a lane may be listed as due again: `DueTime::min()` whenever something in it is due,
/// `DueTime::max()` not until another hold says so.
struct LaneHold {
  LaneKey lane;
  DueTime until = DueTime::min();
  bool fresh = false;  ///< also forgets since when the lane has been failing
};

/// A wish for up to `count` deliveries of one lane that are due, those first that have been due
/// longest.
struct LaneClaim {
  LaneKey lane;
  std::size_t count = 0;
  bool early = false;  ///< those too that are not due yet
  /// Only the oldest delivery without an outcome, and only if it is pending and due. If it is not,
  /// the lane is held until it is: until its due time or the end of its lease, or until something
  /// else becomes of it.
  bool fifo = false;
};

/// One round of work with a store, done in this order and in one transaction where it has them.
struct StoreWork {
  bool first = false;  ///< the caller has just started: holds of one before it end
  std::vector<Outcome> outcomes;
  std::vector<LaneHold> holds;
  std::vector<LaneClaim> claims;
  /// List up to so many lanes that have something due. Tenants take turns: one lane of each, then
  /// the next of each; within a tenant those first that have been due longest. A listed lane is
  /// held for the caller until `lease_until`, or until a claim empties it or a `LaneHold` lets go
  /// of it.
  std::size_t list_lanes = 0;
  std::vector<std::string> full_tenants;  ///< lanes of these are not listed
  /// Remove, or discard, up to so many records that are older than `retention` says.
  std::size_t prune = 0;
  Retention retention;
  DueTime now{};
  std::chrono::system_clock::time_point wall{};
  DueTime lease_until{};  ///< of the claims
};

struct ClaimedLane {
  LaneKey lane;
  std::vector<Claim> claims;
  bool more = false;  ///< more of the kind asked for is left; if not, the lane's hold has ended
};

struct StoreReply {
  std::vector<RecordedOutcome> recorded;  ///< for each outcome
  std::vector<ClaimedLane> claimed;
  std::vector<LaneKey> due_lanes;
  /// When a lane is next worth listing, or a lease ends. Lanes of `full_tenants` are not worth it.
  std::optional<DueTime> next_due;
  std::vector<Delivery> pruned;       ///< those that retention has discarded just now
  std::optional<DueTime> next_prune;  ///< when a record will next be older than `retention` says
  bool paused = false;                ///< as `set_paused` left it
};

/// What one bite of a command did. A command on many deliveries goes in bites, so that deliveries
/// go on between them.
struct StoreBite {
  std::uint64_t count = 0;           ///< deliveries that it touched
  std::vector<Delivery> deliveries;  ///< `recover`: the new ones; `discard`: those that ended
  std::optional<DeliveryId> next;    ///< `after` of the next bite; absent after the last one
};

/// Which deliveries of a lane to send once more: those that ended without success.
struct RecoverQuery {
  LaneKey lane;
  std::chrono::system_clock::time_point since{};  ///< accepted then or later
  DeliveryId after = 0;                           ///< only ids greater than this one
  DeliveryId up_to = 0;     ///< only ids up to this one, so that new ones are left alone
  std::size_t limit = 100;  ///< at most so many new deliveries
};

/// Keeps events and deliveries; what is pending lives here and nowhere else.
///
/// Threads: every function may be called from any thread at any time. None of them throws.
///
/// Errors: `store_failed` with the reason; then nothing of the call has taken place, and it may be
/// tried again. `commit_unknown` where that cannot be known.
///
/// Times are passed in: a store has no clock of its own.
class HOOKLINE_API DeliveryStore {
 public:
  DeliveryStore() = default;
  DeliveryStore(const DeliveryStore&) = delete;
  DeliveryStore& operator=(const DeliveryStore&) = delete;
  virtual ~DeliveryStore();

  /// Stores events, each whole or not at all; durable when it returns. The result has one entry for
  /// each event. `quota_exceeded`, `idempotency_conflict`, `store_full`, `store_failed`,
  /// `commit_unknown`.
  [[nodiscard]] virtual std::vector<Result<AppendedEvent>> append(std::vector<NewEvent> events,
                                                                  const Quotas& quotas) = 0;

  /// Records outcomes, holds lanes, hands out claims, lists lanes, prunes. Leases that have ended
  /// by `work.now` count as lost: their deliveries are due again, later each time.
  [[nodiscard]] virtual Result<StoreReply> exchange(const StoreWork& work) = 0;

  /// Stores a new delivery of the same event to the same webhook, due now. `delivery_not_found`,
  /// `body_dropped`, `store_full`.
  [[nodiscard]] virtual Result<Delivery> replay(DeliveryId id, const Moment& now) = 0;

  /// Replays what did not get there: deliveries of the lane that are exhausted or discarded and
  /// whose event has no later delivery to the same lane. What has no body any more is left out.
  /// `invalid_query` if the limit is 0, `store_full`.
  [[nodiscard]] virtual Result<StoreBite> recover(const RecoverQuery& query, const Moment& now) = 0;

  /// Takes deliveries without an outcome off, for this reason. Pending ones end at once. A request
  /// that is out is let finish: if it fails, its delivery is discarded instead of waiting again.
  /// `query.status` counts for nothing. `invalid_query` if the limit is not 1 to 1000, or if none
  /// of id, tenant, webhook, import and message is named.
  [[nodiscard]] virtual Result<StoreBite> discard(const DeliveryQuery& query,
                                                  const std::string& reason, const Moment& now) = 0;

  /// Removes up to `limit` deliveries with their attempts, events and bodies, whatever their state,
  /// and idempotency keys; nothing readable remains. `next` is set as long as something is left.
  /// `invalid_query` if the limit is 0.
  [[nodiscard]] virtual Result<StoreBite> erase(const EraseQuery& query, std::size_t limit) = 0;

  /// What `StoreReply::paused` says from now on; durable.
  [[nodiscard]] virtual Result<void> set_paused(bool paused) = 0;

  /// `delivery_not_found`.
  [[nodiscard]] virtual Result<Delivery> find(DeliveryId id) const = 0;
  /// `invalid_query`.
  [[nodiscard]] virtual Result<DeliveryPage> list(const DeliveryQuery& query) const = 0;
  /// Oldest first. `delivery_not_found`.
  [[nodiscard]] virtual Result<std::vector<Attempt>> attempts(DeliveryId id) const = 0;
  /// `invalid_query`.
  [[nodiscard]] virtual Result<LanePage> lanes(const LaneQuery& query) const = 0;
  /// Of one tenant, or of all.
  [[nodiscard]] virtual Result<DeliveryCounts> counts(
      const std::optional<std::string>& tenant = std::nullopt) const = 0;
  /// Whether a delivery with an id up to this one has no outcome yet.
  [[nodiscard]] virtual Result<bool> has_unfinished(DeliveryId up_to) const = 0;
  /// The greatest id that was given out; 0 if none.
  [[nodiscard]] virtual Result<DeliveryId> newest() const = 0;
  /// The latest `now` of any round: time goes on from here even if the wall clock was set back
  /// while no process ran.
  [[nodiscard]] virtual Result<DueTime> last_time() const = 0;

  /// Calls `changed` soon after another process has written to the store, from a thread of the
  /// store, with no lock held; it returns soon and does not throw. Ends when the handle is dropped;
  /// that waits for a call under way. A store that nobody else can write to calls nothing and
  /// returns null, which is the default.
  [[nodiscard]] virtual std::shared_ptr<void> on_foreign_write(std::function<void()> changed);
};

}  // namespace hookline
