#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "deliver/delivery_core.hpp"
#include "deliver/metrics.hpp"
#include "deliver/observer_queue.hpp"
#include "deliver/request_builder.hpp"
#include "deliver/timeline.hpp"
#include "hookline/dispatcher.hpp"

namespace hookline::detail {

struct Desk;

struct RunnerParts {
  WebhookRegistry& registry;
  std::shared_ptr<DeliveryStore> store;
  std::shared_ptr<Transport> transport;
  bool owns_transport = false;
  Timeline timeline;
  RequestBuilder requests;
  CoreOptions core;
  std::size_t max_in_flight_per_webhook = 8;
  std::vector<std::chrono::milliseconds> retry_schedule;
  Quotas quotas;
};

/// Feeds the core what happens and carries out what it orders. Two threads: the engine sends and
/// keeps time, the other works with the store and the registry, which may live in one, so that a
/// slow disk holds no request up. What happens goes into an `Inbox`, from whichever thread knows of
/// it: callers of `dispatch`, the transport, the store's thread. The engine empties it.
class Runner {
 public:
  Runner(RunnerParts parts, ObserverQueue& observer, Metrics& metrics);
  ~Runner();

  /// `system_failed`.
  [[nodiscard]] Result<void> start();

  /// Stores events and says so to whom it concerns. `shut_down`, and the errors of
  /// `DeliveryStore::append`.
  [[nodiscard]] std::vector<Result<DispatchReceipt>> append(std::vector<NewEvent> events);

  // A command has worked on the store directly: what the core and the observer have to know of it.

  /// Deliveries up to this one are there, and some are due now.
  void added(DeliveryId newest);
  /// Deliveries were taken off or erased: when this returns, none of them goes out any more.
  void taken_off(const std::vector<Delivery>& ended);
  /// Nobody knows what was done to the store: the core asks it about everything that is not out,
  /// and what had been ordered is out when this returns, or after five seconds.
  void look_anew();
  /// Waits until the core has heard from the store that it is paused, or is not, and what was
  /// ordered before is out; five seconds at most.
  void wait_for_pause(bool paused);

  [[nodiscard]] bool is_stopping() const;
  [[nodiscard]] Error shut_down_error() const;
  void look_into(DispatcherStats& stats) const;
  bool flush(std::chrono::milliseconds timeout);
  ShutdownReport shutdown(std::chrono::milliseconds timeout);

  [[nodiscard]] Moment now() const { return parts_.timeline.now(); }

 private:
  struct Pending;
  using Appended = std::vector<Result<AppendedEvent>>;
  [[nodiscard]] bool reserve(std::vector<NewEvent>& events);
  void settle(std::vector<Pending> pending, const Appended& appended);
  void tell(const Appended& appended);
  void run_engine();
  void run_store();
  void carry_out(const Orders& orders);
  void hand_over(const Orders& orders);
  void work_through(std::unique_lock<std::mutex>& lock);
  void disable(const DisableOrder& order);
  void send(const Claim& claim);
  void tell(const DispatchReceipt& receipt);
  void tell(const Notice& notice);
  void tell(const Remark& remark);
  void tell_all(const Orders& orders);
  void exchange(const StoreWork& work);
  void webhook_changed(const LaneKey& lane);
  void finish_work();

  RunnerParts parts_;
  ObserverQueue& observer_;
  Metrics& metrics_;
  /// Shared with the completions of requests, which can outlive the runner when the transport is
  /// the host's.
  std::shared_ptr<Desk> desk_;
  std::shared_ptr<void> registry_subscription_;
  std::shared_ptr<void> fault_subscription_;
  std::unique_ptr<Clock::Subscription> clock_subscription_;
  std::shared_ptr<void> store_subscription_;

  std::thread engine_;
  std::thread store_;
  std::mutex shutdown_mutex_;
  std::optional<ShutdownReport> report_;
};

}  // namespace hookline::detail
