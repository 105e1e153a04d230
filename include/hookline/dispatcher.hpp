#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hookline/clock.hpp"
#include "hookline/delivery.hpp"
#include "hookline/delivery_store.hpp"
#include "hookline/dispatch_receipt.hpp"
#include "hookline/export.hpp"
#include "hookline/import.hpp"
#include "hookline/logger.hpp"
#include "hookline/observer.hpp"
#include "hookline/payload_builder.hpp"
#include "hookline/quotas.hpp"
#include "hookline/result.hpp"
#include "hookline/retention.hpp"
#include "hookline/secret.hpp"
#include "hookline/transport.hpp"
#include "hookline/webhook_registry.hpp"

namespace hookline {

/// What `dispatch()` does with an import whose headless document is refused. One that is missing on
/// a headless import or present on an embedded one is the host's mistake and an error either way.
enum class OnBadHeadless {
  send_without,  ///< the event goes out with `"headless":null`; the receipt carries the error
  refuse         ///< `dispatch()` answers with the error
};

/// How a dispatcher works. `Dispatcher::create` checks all of it.
struct DispatcherOptions {
  /// Where events are kept, one of the two: a file, for a `SqliteStore` of the dispatcher's own, or
  /// a store that is there. Whoever can bear to lose events with the process gives a `MemoryStore`.
  std::string store_file;
  std::shared_ptr<DeliveryStore> store;
  /// Null: a `CurlTransport` of its own. One with options: `CurlTransport::create(…).value()`.
  std::shared_ptr<Transport> transport;
  std::shared_ptr<Clock> clock;        ///< null: the clock of the machine
  std::shared_ptr<Observer> observer;  ///< null: nobody listens
  std::shared_ptr<Logger> logger;      ///< null: nothing is logged

  /// False: this dispatcher accepts imports and takes commands, and another one, in another process
  /// on the same store, delivers.
  bool deliver = true;

  PayloadOptions payload;
  OnBadHeadless on_bad_headless = OnBadHeadless::send_without;

  /// Secrets that sign the requests to basic webhooks; without any they carry no signature.
  std::vector<Secret> basic_secrets;

  /// The delay before each try, the first one included; as many tries as entries (1 to 50). The
  /// default is the example schedule of Standard Webhooks 1.0. A webhook can have its own.
  std::vector<std::chrono::milliseconds> retry_schedule = {
      std::chrono::seconds(0),  std::chrono::seconds(5), std::chrono::minutes(5),
      std::chrono::minutes(30), std::chrono::hours(2),   std::chrono::hours(5),
      std::chrono::hours(10),   std::chrono::hours(14),  std::chrono::hours(20),
      std::chrono::hours(24)};
  /// Each delay but the first is stretched or shrunk by up to this part of it: 0 to 1.
  double retry_jitter = 0.2;

  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds request_timeout{15'000};  ///< the whole request, its answer included

  std::size_t max_in_flight = 256;  ///< requests at the same time, in all
  /// The default for each managed webhook, and for a tenant's basic webhooks to one origin.
  std::size_t max_in_flight_per_webhook = 8;

  Quotas quotas;        ///< how much may be pending; none unless set
  Retention retention;  ///< how long the store keeps what is finished

  /// What may wait for the observer and the logger before some is dropped.
  std::size_t observer_queue = 10'000;
  std::size_t async_queue = 10'000;  ///< imports that may wait in `dispatch_async`
};

/// What a single dispatch is told beside its import.
struct DispatchOptions {
  /// Makes the dispatch repeatable, after a crash of the host, say: a key that was used within the
  /// last day (`Retention::idempotency_keys`) by this tenant for the same import, in every field,
  /// answers with the first receipt and changes nothing; for another import it is an error. 1 to
  /// 255 bytes of UTF-8.
  std::optional<std::string> idempotency_key;
};

/// A moment in the life of a dispatcher, in numbers.
struct DispatcherStats {
  DeliveryCounts deliveries;  ///< as the store has them
  std::optional<std::chrono::milliseconds> oldest_unfinished_age;
  std::uint64_t requests_in_flight = 0;
  bool paused = false;  ///< by `pause()`
  bool offline =
      false;  ///< nobody can be reached: tries do not count, a probe goes out now and then
  std::uint64_t observer_dropped = 0;
};

/// What a dispatcher left when it was shut down; it stays in the store.
struct ShutdownReport {
  /// Deliveries without an outcome on record, those of other dispatchers on the store included;
  /// absent if the store does not say.
  std::optional<std::uint64_t> pending;
  /// Requests that were still out and whose answer was not waited for: they will be sent again.
  std::uint64_t abandoned = 0;
};

/// Accepts imports and delivers their events until the receivers accept them or the schedule ends.
///
/// `dispatch()` matches the import against the registry, builds the bodies and stores the event;
/// when it returns, the event will be delivered. Threads of the dispatcher send, retry and record.
///
/// Threads: every function may be called from any thread at the same time, `shutdown` and the
/// destructor only from outside of transports, stores and listeners that the dispatcher calls.
/// After a `fork` the child has no dispatcher: what it inherited answers `forked`, and its
/// destructor does nothing.
///
/// Ownership: refers to the registry, which must outlive it; shares store,
/// transport, clock and observer. A transport that was passed in is not shut down with the
/// dispatcher.
///
/// Begin: what the store holds for a webhook that the registry has never heard of waits until it is
/// there, or until retention ends it. What it holds for one that was removed is discarded.
///
/// End: `shutdown` first, where the end must be bounded in time. The destructor shuts
/// down with a timeout of five seconds if nobody has.
class HOOKLINE_API Dispatcher {
 public:
  /// `invalid_options` names the option; `system_failed` if threads or curl cannot be had.
  [[nodiscard]] static Result<std::unique_ptr<Dispatcher>> create(WebhookRegistry& registry,
                                                                  DispatcherOptions options = {});
  Dispatcher(const Dispatcher&) = delete;
  Dispatcher& operator=(const Dispatcher&) = delete;
  ~Dispatcher();

  /// Accepts an import; the event is in the store when it returns, as durable as the store is. An
  /// import that nobody wants to hear of is accepted with no deliveries and leaves nothing behind.
  ///
  /// Errors: those of `EventMatcher::match` and `PayloadBuilder`, `store_full`, `store_failed`,
  /// `quota_exceeded`, `invalid_idempotency_key`, `idempotency_conflict`, `shut_down`, `forked`.
  /// After an error nothing was stored, but for `commit_unknown`, where nobody can tell: its
  /// message has the message id, and a dispatch with an idempotency key can simply be repeated.
  [[nodiscard]] Result<DispatchReceipt> dispatch(const Import& import,
                                                 const DispatchOptions& options = {});

  /// The same for many imports that share a commit; one result for each. `options` are none, or one
  /// for each import (`invalid_options`). Imports with errors do not stop the others.
  [[nodiscard]] std::vector<Result<DispatchReceipt>> dispatch_batch(
      const std::vector<Import>& imports, const std::vector<DispatchOptions>& options = {});

  /// The same for hosts with an event loop: returns at once. `done` is called exactly once, from a
  /// thread of the dispatcher, with no lock held; it may call anything, but must return soon and
  /// not throw, nor destroy the dispatcher. Imports that wait share a commit. `overloaded` (too
  /// many wait), `shut_down` and `forked` are told from inside the call.
  void dispatch_async(Import import, std::function<void(Result<DispatchReceipt>)> done,
                      DispatchOptions options = {});

  /// Waits until every delivery that this dispatcher has accepted before the call, and all that its
  /// store had accepted before those, have their outcomes; true if so. One that waits for a retry
  /// or for a paused webhook has none. The wait is in steady time of the machine, whatever clock
  /// the dispatcher has; `milliseconds::max()` is for ever.
  bool flush(std::chrono::milliseconds timeout);

  /// Takes no more imports, sends no more requests, waits up to `timeout` for those that are out,
  /// records what came of them and ends the threads. Later calls return the same report. Recording
  /// can take longer than that where the store has to wait: at most the `busy_timeout` of a
  /// `SqliteStore` that another process keeps locked, or for as long as a disk hangs.
  ShutdownReport shutdown(std::chrono::milliseconds timeout);

  // --- Looking -----------------------------------------------------------------------------------

  /// `delivery_not_found`.
  [[nodiscard]] Result<Delivery> delivery(DeliveryId id) const;
  [[nodiscard]] Result<DeliveryPage> deliveries(const DeliveryQuery& query = {}) const;
  [[nodiscard]] Result<std::vector<Attempt>> attempts(DeliveryId delivery) const;

  /// Lanes with something unfinished, a page in the order of their ids. `invalid_query`.
  [[nodiscard]] Result<LanePage> lanes(const LaneQuery& query = {}) const;
  /// With a tenant, `deliveries` and `oldest_unfinished_age` are that tenant's alone.
  [[nodiscard]] Result<DispatcherStats> stats(
      const std::optional<std::string>& tenant = std::nullopt) const;
  /// Counters and gauges in the text format of Prometheus, version 0.0.4. Counters begin with the
  /// dispatcher.
  [[nodiscard]] Result<std::string> metrics() const;

  // --- Commands ----------------------------------------------------------------------------------

  /// Sends the same body under the same message id to the same webhook once more, as a new delivery
  /// with tries of its own. `delivery_not_found`, `webhook_not_found` if the webhook was removed.
  [[nodiscard]] Result<Delivery> replay(DeliveryId delivery);

  /// Replays what did not get to a webhook since then (the time at which it was accepted): all that
  /// is exhausted or discarded, what was dispatched while the webhook was disabled included, and
  /// has not been replayed yet. Returns how many. `webhook_not_found`.
  [[nodiscard]] Result<std::uint64_t> recover(std::string_view webhook_id,
                                              std::chrono::system_clock::time_point since);

  /// Takes deliveries without an outcome off: all that the query finds, whatever its `status`,
  /// `after` and `limit` say. A request that is out is let finish: if it fails, its delivery is
  /// discarded instead of waiting again. Returns how many. `invalid_query` if the query names
  /// nothing.
  [[nodiscard]] Result<std::uint64_t> discard(const DeliveryQuery& query,
                                              std::string reason = "by the operator");

  /// Removes bodies, records and idempotency keys of a tenant or of one of its imports, finished or
  /// not. Returns how many deliveries. A request that is out is let finish and leaves no record.
  [[nodiscard]] Result<std::uint64_t> erase(const EraseQuery& query);

  /// Sends no more requests until `resume`, over the end of the process and in every process on the
  /// store; imports go on being accepted. To pause one webhook: `WebhookRegistry::pause`.
  [[nodiscard]] Result<void> pause();
  [[nodiscard]] Result<void> resume();

  /// Sends an event that tells of a made-up import, to see whether a receiver works; a delivery
  /// like any other. `webhook_not_found`, `webhook_not_enabled`.
  [[nodiscard]] Result<Delivery> send_test(std::string_view webhook_id);

 private:
  class Impl;
  explicit Dispatcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hookline
