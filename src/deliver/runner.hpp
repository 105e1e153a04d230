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
#include "deliver/observer_queue.hpp"
#include "deliver/request_builder.hpp"
#include "deliver/timeline.hpp"
#include "hookline/dispatcher.hpp"

namespace hookline::detail {

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
};

/// Feeds the core what happens and carries out what it orders. Two threads: the engine sends and
/// keeps time, the other works with the store, so that a slow disk holds no request up. Inputs come
/// from whichever thread has them: callers of `dispatch`, the transport, the registry.
///
/// One mutex guards the core. Under it are only the core, looks into the registry's snapshot, and
/// the clock: no I/O, no callback.
class Runner {
 public:
  Runner(RunnerParts parts, ObserverQueue& observer);
  ~Runner();

  /// `system_failed`.
  [[nodiscard]] Result<void> start();

  /// Stores an event and fills in the deliveries of its receipt. `shut_down`, `store_full`,
  /// `store_failed`.
  [[nodiscard]] Result<void> append(NewEvent event, DispatchReceipt& receipt);
  [[nodiscard]] Result<Delivery> replay(DeliveryId id);
  bool flush(std::chrono::milliseconds timeout);
  ShutdownReport shutdown(std::chrono::milliseconds timeout);

  [[nodiscard]] Now now() const { return parts_.timeline.now(); }

 private:
  /// The core and its lock. Shared with the completions of requests, which can outlive the runner
  /// when the transport is the host's.
  struct Desk;

  [[nodiscard]] bool reserve(NewEvent& event);
  void settle(const std::vector<NewDelivery>& deliveries, std::vector<Claim> claims, bool stored);
  [[nodiscard]] bool is_stopping() const;
  void run_engine();
  void run_store();
  void carry_out(const Orders& orders);
  void disable(const DisableOrder& order);
  void send(const Claim& claim);
  void tell(const DispatchReceipt& receipt);
  void tell(const Notice& notice);
  void exchange(const StoreWork& work);
  void webhook_changed(const LaneKey& lane);
  void finish_work();
  [[nodiscard]] Error shut_down_error() const;

  RunnerParts parts_;
  ObserverQueue& observer_;
  std::shared_ptr<Desk> desk_;
  std::shared_ptr<void> registry_subscription_;
  std::unique_ptr<Clock::Subscription> clock_subscription_;

  std::thread engine_;
  std::thread store_;
  std::mutex shutdown_mutex_;
  std::optional<ShutdownReport> report_;
};

}  // namespace hookline::detail
