#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "hookline/clock.hpp"
#include "hookline/delivery.hpp"
#include "hookline/delivery_store.hpp"
#include "hookline/dispatch_receipt.hpp"
#include "hookline/export.hpp"
#include "hookline/import.hpp"
#include "hookline/observer.hpp"
#include "hookline/payload_builder.hpp"
#include "hookline/result.hpp"
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
  std::shared_ptr<DeliveryStore> store;  ///< null: a `MemoryStore`, which ends with the dispatcher
  /// Null: a `CurlTransport` of its own. One with options: `CurlTransport::create(…).value()`.
  std::shared_ptr<Transport> transport;
  std::shared_ptr<Clock> clock;        ///< null: the clock of the machine
  std::shared_ptr<Observer> observer;  ///< null: nobody listens

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
  std::size_t observer_queue = 10'000;  ///< what may wait for the observer before some is dropped
};

/// A moment in the life of a dispatcher, in numbers.
struct DispatcherStats {
  DeliveryCounts deliveries;  ///< as the store has them
  std::optional<std::chrono::milliseconds> oldest_unfinished_age;
  std::uint64_t observer_dropped = 0;
};

/// What a dispatcher left when it was shut down; it stays in the store.
struct ShutdownReport {
  std::uint64_t pending = 0;
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
  /// `shut_down`, `forked`. After an error nothing was stored.
  [[nodiscard]] Result<DispatchReceipt> dispatch(const Import& import);

  /// Waits until every delivery that this dispatcher has accepted before the call has its outcome;
  /// true if so. One that waits for a retry or for a paused webhook has none. The wait is in steady
  /// time of the machine, whatever clock the dispatcher has; `milliseconds::max()` is for ever.
  bool flush(std::chrono::milliseconds timeout);

  /// Takes no more imports, sends no more requests, waits up to `timeout` for those that are out,
  /// records what came of them and ends the threads. Later calls return the same report.
  ShutdownReport shutdown(std::chrono::milliseconds timeout);

  /// `delivery_not_found`.
  [[nodiscard]] Result<Delivery> delivery(DeliveryId id) const;
  [[nodiscard]] Result<DeliveryPage> deliveries(const DeliveryQuery& query = {}) const;
  [[nodiscard]] Result<std::vector<Attempt>> attempts(DeliveryId delivery) const;

  /// Sends the same body under the same message id to the same webhook once more, as a new delivery
  /// with tries of its own. `delivery_not_found`, `webhook_not_found` if the webhook was removed.
  [[nodiscard]] Result<Delivery> replay(DeliveryId delivery);

  [[nodiscard]] Result<DispatcherStats> stats() const;

 private:
  class Impl;
  explicit Dispatcher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace hookline
