#include "deliver/runner.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/deadline.hpp"
#include "base/fail.hpp"
#include "base/text.hpp"
#include "base/thread.hpp"
#include "deliver/delivery_record.hpp"
#include "deliver/desk.hpp"
#include "deliver/log_lines.hpp"
#include "deliver/registry_lanes.hpp"

namespace hookline::detail {
namespace {

using std::chrono::milliseconds;

/// The claim of a delivery that is born leased, which the store therefore does not hand out.
Claim claim_of(const NewEvent& event, const NewDelivery& delivery) {
  Claim claim;
  claim.lease = 1;
  claim.lease_until = event.lease_until;
  claim.due = delivery.due;
  claim.lane = delivery.lane;
  claim.message_id = event.receipt.message_id;
  claim.import_id = event.receipt.import_id;
  claim.event = event.receipt.event;
  claim.url = delivery.url;
  claim.body = body_of(event, delivery);
  claim.created_at = event.accepted.wall;
  return claim;
}

}  // namespace

Runner::Runner(RunnerParts parts, ObserverQueue& observer, Metrics& metrics)
    : parts_(std::move(parts)),
      observer_(observer),
      metrics_(metrics),
      desk_(std::make_shared<Desk>(
          parts_.timeline,
          RegistryLanes(parts_.registry, parts_.max_in_flight_per_webhook, parts_.retry_schedule),
          parts_.core)) {}

Runner::~Runner() { shutdown(std::chrono::seconds(5)); }

Result<void> Runner::start() {
  auto store = start_thread("hookline-store", [this] { run_store(); });
  if (!store) return tl::unexpected<Error>(store.error());
  store_ = std::move(*store);
  auto engine = start_thread("hookline-engine", [this] { run_engine(); });
  if (!engine) return tl::unexpected<Error>(engine.error());
  engine_ = std::move(*engine);

  registry_subscription_ = parts_.registry.on_change([this](const Webhook& webhook) {
    webhook_changed({webhook.tenant, webhook.id, ""});
  });
  fault_subscription_ = parts_.registry.on_fault([this](const Error& fault) {
    observer_.log(LogLevel::error, "registry: " + printable(fault.message, 240));
  });
  clock_subscription_ = parts_.timeline.clock().on_move([desk = desk_] { desk->inbox.ring(); });
  store_subscription_ = parts_.store->on_foreign_write([this] {
    DeskSession core(*desk_);
    core->look();
    ++desk_->rounds;  // whoever waits for something to be recorded may find it now
    desk_->progress.notify_all();
  });
  return {};
}

// --- Accepting -----------------------------------------------------------------------------------

/// A delivery that is on its way into the store.
struct Runner::Pending {
  std::size_t event = 0;     ///< its place among the events
  std::size_t delivery = 0;  ///< and among the deliveries of its event
  DueTime due{};
  std::optional<Claim> claim;  ///< if a slot was kept for it
};

std::vector<Result<DispatchReceipt>> Runner::append(std::vector<NewEvent> events) {
  const std::size_t count = events.size();
  if (!reserve(events)) {
    return {count, Result<DispatchReceipt>(tl::unexpected<Error>(shut_down_error()))};
  }
  std::vector<Pending> pending;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& deliveries = events[i].deliveries;
    for (std::size_t k = 0; k < deliveries.size(); ++k) {
      if (deliveries[k].status != DeliveryStatus::pending) continue;
      pending.push_back({i, k, deliveries[k].due, std::nullopt});
      if (deliveries[k].leased) pending.back().claim = claim_of(events[i], deliveries[k]);
    }
  }
  Appended appended = parts_.store->append(std::move(events), parts_.quotas);
  tell(appended);
  settle(std::move(pending), appended);

  std::vector<Result<DispatchReceipt>> receipts;
  receipts.reserve(count);
  for (auto& each : appended) {
    receipts.push_back(std::move(each).map([](AppendedEvent event) {
      event.receipt.repeated = event.repeated;
      return std::move(event.receipt);
    }));
  }
  return receipts;
}

/// Keeps slots for the deliveries that could be sent at once. False after the shutdown.
bool Runner::reserve(std::vector<NewEvent>& events) {
  const std::lock_guard lock(desk_->mutex);
  if (desk_->stopping) return false;
  ++desk_->appending;
  const Moment now = parts_.timeline.now();
  for (NewEvent& event : events) {
    event.lease_until = desk_->core.lease_until(now.due);
    for (NewDelivery& delivery : event.deliveries) {
      delivery.leased = delivery.status == DeliveryStatus::pending && delivery.due <= now.due &&
                        desk_->core.reserve(delivery.lane, body_of(event, delivery)->size(), now);
    }
  }
  return true;
}

/// Tells the core what became of the reserved slots, and what else is waiting now.
void Runner::settle(std::vector<Pending> pending, const Appended& appended) {
  Inbox::Contents news;
  news.appends = 1;
  for (Pending& each : pending) {
    const auto& event = appended[each.event];
    if (!event || event->repeated) {
      if (each.claim) news.failed.push_back(*std::move(each.claim));
      continue;
    }
    const DeliveryId id = event->ids[each.delivery];
    news.newest = std::max(news.newest, id);
    if (each.claim) {
      each.claim->id = id;
      news.accepted.push_back(*std::move(each.claim));
    } else {
      news.waits_until = std::min(news.waits_until.value_or(each.due), each.due);
    }
  }
  desk_->appended(std::move(news));
  const bool in_doubt = std::any_of(appended.begin(), appended.end(), [](const auto& event) {
    return !event && event.error().code == ErrorCode::commit_unknown;
  });
  if (in_doubt) DeskSession(*desk_)->look();
}

bool Runner::is_stopping() const {
  const std::lock_guard lock(desk_->mutex);
  return desk_->stopping;
}

// --- Commands ------------------------------------------------------------------------------------

void Runner::added(DeliveryId newest) {
  DeskSession core(*desk_);
  desk_->newest = std::max(desk_->newest, newest);
  core->waiting(parts_.timeline.now().due);
}

void Runner::taken_off(const std::vector<Delivery>& ended) {
  for (const Delivery& delivery : ended) tell(Notice{delivery, std::nullopt});
  look_anew();
}

void Runner::look_anew() {
  {
    DeskSession core(*desk_);
    core->recall(parts_.timeline.now());
    core->look();
  }
  // What had been ordered before is out when this returns.
  std::unique_lock lock(desk_->mutex);
  const std::uint64_t turns = desk_->turns;
  desk_->progress.wait_for(lock, std::chrono::seconds(5), [&] {
    return !desk_->carrying_out || desk_->turns != turns || desk_->quit;
  });
}

void Runner::wait_for_pause(bool paused) {
  DeskSession(*desk_)->look();
  std::unique_lock lock(desk_->mutex);
  desk_->progress.wait_for(lock, std::chrono::seconds(5), [&] {
    return (desk_->core.paused() == paused && !desk_->carrying_out) || desk_->quit;
  });
}

void Runner::look_into(DispatcherStats& stats) const {
  const std::lock_guard lock(desk_->mutex);
  desk_->catch_up();
  stats.requests_in_flight = desk_->core.in_flight();
  stats.paused = desk_->core.paused();
  stats.offline = desk_->core.offline();
}

Error Runner::shut_down_error() const {
  return {ErrorCode::shut_down, "dispatcher: it has been shut down and takes nothing any more"};
}

void Runner::webhook_changed(const LaneKey& lane) {
  DeskSession core(*desk_);
  // Looked up under the lock: whoever comes last has seen the newest state.
  core->webhook_changed(lane, desk_->lanes.settings(lane).state);
}

// --- The engine ----------------------------------------------------------------------------------

void Runner::run_engine() {
  std::optional<DueClock::duration> rest(0);
  for (;;) {
    desk_->inbox.wait(rest);
    std::unique_lock lock(desk_->mutex);
    desk_->catch_up();
    ++desk_->turns;
    if (desk_->quit) return;
    const Orders orders = desk_->core.advance(parts_.timeline.now());
    desk_->carrying_out = !orders.empty();
    desk_->progress.notify_all();
    if (orders.empty()) {
      const auto wake_at = desk_->core.wake_at();
      rest = wake_at ? std::optional(parts_.timeline.until(*wake_at)) : std::nullopt;
      desk_->engine_wakes = wake_at.value_or(DueTime::max());
    } else {
      desk_->engine_wakes = DueTime::min();
      lock.unlock();
      carry_out(orders);
      rest = DueClock::duration(0);
    }
  }
}

void Runner::carry_out(const Orders& orders) {
  for (const Claim* claim : orders.sends) send(*claim);
  tell_all(orders);
  hand_over(orders);
}

/// What may have to wait for a disk.
void Runner::hand_over(const Orders& orders) {
  if (orders.disables.empty() && !orders.work) return;
  const std::lock_guard lock(desk_->mutex);
  desk_->disables.insert(desk_->disables.end(), orders.disables.begin(), orders.disables.end());
  if (orders.work) desk_->work = orders.work;
  desk_->store_bell.notify_one();
}

/// A webhook that was changed while its request was out is another one by now, and stays as it is.
void Runner::disable(const DisableOrder& order) {
  const auto disabled =
      parts_.registry.disable(order.lane.webhook_id, order.reason, order.revision);
  if (!disabled) return DeskSession(*desk_)->not_disabled(order.lane);
  webhook_changed(order.lane);
  metrics_.disabled_webhook();
  observer_.log(LogLevel::warning,
                fmt::format("{} was disabled: {}", name_of(order.lane), order.reason));
  observer_.push(
      [webhook = *disabled](Observer& observer) { observer.on_webhook_disabled(webhook); });
}

void Runner::send(const Claim& claim) {
  const DeliveryId id = claim.id;
  const Moment now = parts_.timeline.now();
  SendResult result;
  result.started_at = now.wall;

  auto built = parts_.requests.build(claim, now.wall);
  if (!built) return DeskSession(*desk_)->not_sent(id);
  result.url = std::move(built->url);
  result.webhook_revision = built->webhook_revision;
  if (!built->request) {
    result.result = tl::unexpected(std::move(built->request.error()));
    desk_->answered(id, std::move(result), now.due);
    return;
  }
  parts_.transport->send(
      std::move(*built->request),
      [desk = desk_, id, sent_at = now.due, result = std::move(result)](HttpResult answer) mutable {
        result.result = std::move(answer);
        desk->answered(id, std::move(result), sent_at);
      });
}

// --- News ----------------------------------------------------------------------------------------

void Runner::tell_all(const Orders& orders) {
  for (const Notice& notice : orders.notices) tell(notice);
  for (const Remark& remark : orders.remarks) tell(remark);
}

void Runner::tell(const Appended& appended) {
  for (const auto& event : appended) {
    if (event && !event->repeated) tell(event->receipt);
  }
}

void Runner::tell(const DispatchReceipt& receipt) {
  if (receipt.headless_error) {
    observer_.log(LogLevel::warning,
                  fmt::format("import {} goes out without its headless document: {}",
                              quoted(receipt.import_id), receipt.headless_error->message));
  }
  if (observer_.listens()) {
    observer_.push([receipt](Observer& observer) { observer.on_dispatch(receipt); });
  }
  for (const AcceptedDelivery& accepted : receipt.deliveries) {
    if (!accepted.refused) continue;
    if (const auto ended = parts_.store->find(accepted.id)) tell(Notice{*ended, std::nullopt});
  }
}

void Runner::tell(const Notice& notice) {
  if (notice.attempt) {
    metrics_.attempted(*notice.attempt);
    if (observer_.logs() && !notice.attempt->error.empty()) {
      observer_.log(LogLevel::debug,
                    fmt::format("delivery {}: attempt {} failed: {}", notice.delivery.id,
                                notice.attempt->number, printable(notice.attempt->error, 240)));
    }
  }
  if (notice.delivery.finished_at) metrics_.ended(notice.delivery.status);
  if (!observer_.listens()) return;
  observer_.push([notice](Observer& observer) {
    if (notice.attempt) observer.on_attempt(notice.delivery, *notice.attempt);
    if (notice.delivery.finished_at) observer.on_outcome(notice.delivery);
  });
}

void Runner::tell(const Remark& remark) {
  metrics_.remarked(remark.kind);
  if (observer_.logs()) observer_.log(level_of(remark.kind), line_of(remark));
}

// --- The store -----------------------------------------------------------------------------------

void Runner::run_store() {
  std::unique_lock lock(desk_->mutex);
  for (;;) {
    const auto has_work = [&] { return desk_->work || !desk_->disables.empty(); };
    desk_->store_bell.wait(lock, [&] { return has_work() || desk_->quit; });
    if (!has_work()) return;
    work_through(lock);
  }
}

void Runner::work_through(std::unique_lock<std::mutex>& lock) {
  const StoreWork* work = std::exchange(desk_->work, nullptr);
  const auto disables = std::exchange(desk_->disables, {});
  lock.unlock();
  for (const DisableOrder& order : disables) disable(order);
  if (work) exchange(*work);
  lock.lock();
}

void Runner::exchange(const StoreWork& work) { desk_->inbox.put(parts_.store->exchange(work)); }

bool Runner::flush(milliseconds timeout) {
  const auto deadline = deadline_after(timeout);
  std::unique_lock lock(desk_->mutex);
  desk_->catch_up();
  const DeliveryId newest = desk_->newest;
  for (;;) {
    const std::uint64_t rounds = desk_->rounds;
    lock.unlock();
    const auto unfinished = parts_.store->has_unfinished(newest);
    if (unfinished && !*unfinished) return true;
    lock.lock();
    const bool progress = desk_->progress.wait_until(
        lock, deadline, [&] { return desk_->rounds != rounds || desk_->quit; });
    if (!progress || desk_->quit) return false;
  }
}

// --- The end -------------------------------------------------------------------------------------

ShutdownReport Runner::shutdown(milliseconds timeout) {
  const std::lock_guard only_one(shutdown_mutex_);
  if (report_) return *report_;
  const auto deadline = deadline_after(timeout);
  ShutdownReport report;
  {
    std::unique_lock lock(desk_->mutex);
    desk_->catch_up();
    desk_->stopping = true;
    desk_->core.stop();
    desk_->inbox.ring();
    desk_->progress.wait_until(lock, deadline, [&] {
      return desk_->core.in_flight() == 0 && desk_->core.settled() && desk_->appending == 0;
    });
    desk_->catch_up();
    report.abandoned = desk_->core.in_flight();
    desk_->quit = true;
    desk_->inbox.ring();
    desk_->store_bell.notify_one();
    desk_->progress.notify_all();
  }
  registry_subscription_.reset();
  fault_subscription_.reset();
  clock_subscription_.reset();
  store_subscription_.reset();
  if (engine_.joinable()) engine_.join();
  if (store_.joinable()) store_.join();
  // A transport of our own answers what is still out with `cancelled`.
  if (parts_.owns_transport) parts_.transport.reset();
  finish_work();
  if (const auto counts = parts_.store->counts()) {
    report.pending = counts->pending + counts->in_flight;
  }
  report_ = report;
  return report;
}

/// What the threads have left: the last results are recorded on the thread that shuts down.
void Runner::finish_work() {
  std::unique_lock lock(desk_->mutex);
  for (;;) {
    work_through(lock);
    desk_->catch_up();
    const Orders orders = desk_->core.advance(parts_.timeline.now());
    if (orders.empty()) break;
    lock.unlock();
    tell_all(orders);
    hand_over(orders);
    lock.lock();
  }
  desk_->inbox.close();
}

}  // namespace hookline::detail
