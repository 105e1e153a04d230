#include "hookline/dispatcher.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/deadline.hpp"
#include "base/fail.hpp"
#include "base/process.hpp"
#include "deliver/async_queue.hpp"
#include "deliver/commands.hpp"
#include "deliver/dispatcher_options.hpp"
#include "deliver/event_builder.hpp"
#include "deliver/metrics.hpp"
#include "deliver/runner.hpp"
#include "hookline/curl_transport.hpp"
#include "hookline/sqlite_store.hpp"

namespace hookline {
namespace {

tl::unexpected<Error> fork_error() {
  return detail::fail(ErrorCode::forked,
                      "dispatcher: it belongs to the process that this one was forked from; create "
                      "one after the fork");
}

/// Short beside what a request takes, long beside what a round of work with the store takes.
constexpr std::chrono::milliseconds kGatherTime{2};

/// REQUIRES: the clock is still the host's, or none.
detail::CoreOptions core_options(const DispatcherOptions& options) {
  detail::CoreOptions core;
  core.deliver = options.deliver;
  core.max_in_flight = options.max_in_flight;
  core.retry_jitter = options.retry_jitter;
  core.request_timeout = options.request_timeout;
  // On a clock of the host's, time may stand still.
  if (!options.clock) core.gather_time = kGatherTime;
  core.retention = options.retention;
  return core;
}

}  // namespace

class Dispatcher::Impl {
 public:
  Impl(WebhookRegistry& registry, const DispatcherOptions& options, detail::RunnerParts parts)
      : store_(parts.store),
        clock_(options.clock),
        events_(registry, options),
        observer_(options.observer, options.logger, options.observer_queue),
        runner_(std::move(parts), observer_, metrics_),
        commands_(registry, *store_, events_, runner_),
        async_([this](auto& imports, auto& each) { return dispatch_batch(imports, each); },
               options.async_queue) {}

  Result<void> start() {
    if (auto started = observer_.start(); !started) return started;
    return runner_.start();
  }

  Result<DispatchReceipt> dispatch(const Import& import, const DispatchOptions& options);
  std::vector<Result<DispatchReceipt>> dispatch_batch(const std::vector<Import>& imports,
                                                      const std::vector<DispatchOptions>& options);
  void dispatch_async(Import import, detail::AsyncQueue::Done done, DispatchOptions options);
  ShutdownReport shutdown(std::chrono::milliseconds timeout);
  Result<DispatcherStats> stats(const std::optional<std::string>& tenant) const;
  Result<std::string> metrics() const;

  [[nodiscard]] bool forked() const { return owner_ != detail::process_id(); }
  detail::Runner& runner() { return runner_; }
  detail::Commands& commands() { return commands_; }
  const DeliveryStore& store() const { return *store_; }

 private:
  const pid_t owner_ = detail::process_id();
  const std::shared_ptr<DeliveryStore> store_;
  const std::shared_ptr<Clock> clock_;
  const detail::EventBuilder events_;
  detail::Metrics metrics_;
  detail::ObserverQueue observer_;
  detail::Runner runner_;
  detail::Commands commands_;
  detail::AsyncQueue async_;
};

Result<DispatchReceipt> Dispatcher::Impl::dispatch(const Import& import,
                                                   const DispatchOptions& options) {
  auto result = events_.build(import, options, runner_.now()).and_then([this](NewEvent event) {
    std::vector<NewEvent> events;
    events.push_back(std::move(event));
    return std::move(runner_.append(std::move(events)).front());
  });
  metrics_.dispatched(result);
  return result;
}

/// Builds every event first, then stores those that could be built, in one go.
std::vector<Result<DispatchReceipt>> Dispatcher::Impl::dispatch_batch(
    const std::vector<Import>& imports, const std::vector<DispatchOptions>& options) {
  std::vector<Result<DispatchReceipt>> results;
  std::vector<NewEvent> events;
  results.reserve(imports.size());
  events.reserve(imports.size());
  const DispatchOptions none;
  for (std::size_t i = 0; i < imports.size(); ++i) {
    auto event = events_.build(imports[i], options.empty() ? none : options[i], runner_.now());
    if (!event) {
      results.emplace_back(tl::unexpected<Error>(std::move(event).error()));
      continue;
    }
    results.emplace_back();  // its receipt follows
    events.push_back(std::move(*event));
  }
  auto receipts = runner_.append(std::move(events));
  auto receipt = receipts.begin();
  for (auto& result : results) {
    if (result) result = std::move(*receipt++);
    metrics_.dispatched(result);
  }
  return results;
}

void Dispatcher::Impl::dispatch_async(Import import, detail::AsyncQueue::Done done,
                                      DispatchOptions options) {
  const auto pushed = async_.push(import, done, options);
  if (pushed) return;
  const Result<DispatchReceipt> refused = tl::unexpected<Error>(pushed.error());
  metrics_.dispatched(refused);
  done(refused);
}

ShutdownReport Dispatcher::Impl::shutdown(std::chrono::milliseconds timeout) {
  const auto deadline = detail::deadline_after(timeout);
  const ShutdownReport report = runner_.shutdown(timeout);
  async_.finish();
  const std::string pending = report.pending ? fmt::to_string(*report.pending) : "unknown";
  observer_.log(LogLevel::info, fmt::format("shut down: {} deliveries pending, {} answers not "
                                            "waited for",
                                            pending, report.abandoned));
  observer_.finish(deadline);
  return report;
}

Result<DispatcherStats> Dispatcher::Impl::stats(const std::optional<std::string>& tenant) const {
  const auto counts = store_->counts(tenant);
  if (!counts) return tl::unexpected<Error>(counts.error());
  DispatcherStats stats;
  stats.deliveries = *counts;
  stats.observer_dropped = observer_.dropped();
  runner_.look_into(stats);
  if (counts->oldest_unfinished) {
    // The wall clock may have been set back since.
    stats.oldest_unfinished_age = std::max(std::chrono::milliseconds(0),
                                           std::chrono::floor<std::chrono::milliseconds>(
                                               clock_->system_now() - *counts->oldest_unfinished));
  }
  return stats;
}

Result<std::string> Dispatcher::Impl::metrics() const {
  return stats(std::nullopt).map([&](const DispatcherStats& now) { return metrics_.text(now); });
}

Result<std::unique_ptr<Dispatcher>> Dispatcher::create(WebhookRegistry& registry,
                                                       DispatcherOptions options) {
  if (const auto checked = detail::check(options); !checked) {
    return tl::unexpected<Error>(checked.error());
  }
  auto signer = detail::basic_signer(options);
  if (!signer) return tl::unexpected<Error>(signer.error());

  const bool owns_transport = options.transport == nullptr;
  if (owns_transport) {
    auto transport = CurlTransport::create();
    if (!transport) return tl::unexpected<Error>(transport.error());
    options.transport = std::move(*transport);
  }
  if (!options.store) {
    auto store = SqliteStore::open({options.store_file});
    if (!store) return tl::unexpected<Error>(store.error());
    options.store = *std::move(store);
  }
  const detail::CoreOptions core = core_options(options);
  if (!options.clock) options.clock = system_clock();
  const auto last_time = options.store->last_time();
  if (!last_time) return tl::unexpected<Error>(last_time.error());

  detail::RunnerParts parts{
      registry,
      options.store,
      std::exchange(options.transport, nullptr),
      owns_transport,
      detail::Timeline(options.clock, *last_time),
      detail::RequestBuilder(registry, std::move(*signer), options.connect_timeout,
                             options.request_timeout),
      core,
      options.max_in_flight_per_webhook,
      options.retry_schedule,
      options.quotas};
  auto impl = std::make_unique<Impl>(registry, options, std::move(parts));
  if (const auto started = impl->start(); !started) return tl::unexpected<Error>(started.error());
  return std::unique_ptr<Dispatcher>(new Dispatcher(std::move(impl)));
}

Dispatcher::Dispatcher(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Dispatcher::~Dispatcher() {
  if (!impl_->forked()) {
    shutdown(std::chrono::seconds(5));
  } else {
    // Its threads are the parent's, so there is nothing to join, and its locks may be held for
    // ever.
    static_cast<void>(impl_.release());
  }
}

Result<DispatchReceipt> Dispatcher::dispatch(const Import& import, const DispatchOptions& options) {
  if (impl_->forked()) return fork_error();
  return impl_->dispatch(import, options);
}

std::vector<Result<DispatchReceipt>> Dispatcher::dispatch_batch(
    const std::vector<Import>& imports, const std::vector<DispatchOptions>& options) {
  using Receipt = Result<DispatchReceipt>;
  if (impl_->forked()) return {imports.size(), Receipt(fork_error())};
  if (options.empty() || options.size() == imports.size()) {
    return impl_->dispatch_batch(imports, options);
  }
  return {imports.size(), Receipt(detail::fail(ErrorCode::invalid_options,
                                               "options: {} are neither none nor one for each of "
                                               "{} imports",
                                               options.size(), imports.size()))};
}

void Dispatcher::dispatch_async(Import import, std::function<void(Result<DispatchReceipt>)> done,
                                DispatchOptions options) {
  if (impl_->forked()) return done(fork_error());
  impl_->dispatch_async(std::move(import), std::move(done), std::move(options));
}

bool Dispatcher::flush(std::chrono::milliseconds timeout) {
  return !impl_->forked() && impl_->runner().flush(timeout);
}

ShutdownReport Dispatcher::shutdown(std::chrono::milliseconds timeout) {
  if (impl_->forked()) return {};
  return impl_->shutdown(timeout);
}

Result<Delivery> Dispatcher::delivery(DeliveryId id) const {
  if (impl_->forked()) return fork_error();
  return impl_->store().find(id);
}

Result<DeliveryPage> Dispatcher::deliveries(const DeliveryQuery& query) const {
  if (impl_->forked()) return fork_error();
  return impl_->store().list(query);
}

Result<std::vector<Attempt>> Dispatcher::attempts(DeliveryId delivery) const {
  if (impl_->forked()) return fork_error();
  return impl_->store().attempts(delivery);
}

Result<LanePage> Dispatcher::lanes(const LaneQuery& query) const {
  if (impl_->forked()) return fork_error();
  return impl_->store().lanes(query);
}

Result<DispatcherStats> Dispatcher::stats(const std::optional<std::string>& tenant) const {
  if (impl_->forked()) return fork_error();
  return impl_->stats(tenant);
}

Result<std::string> Dispatcher::metrics() const {
  if (impl_->forked()) return fork_error();
  return impl_->metrics();
}

Result<Delivery> Dispatcher::replay(DeliveryId delivery) {
  if (impl_->forked()) return fork_error();
  return impl_->commands().replay(delivery);
}

Result<std::uint64_t> Dispatcher::recover(std::string_view webhook_id,
                                          std::chrono::system_clock::time_point since) {
  if (impl_->forked()) return fork_error();
  return impl_->commands().recover(webhook_id, since);
}

Result<std::uint64_t> Dispatcher::discard(const DeliveryQuery& query, std::string reason) {
  if (impl_->forked()) return fork_error();
  return impl_->commands().discard(query, std::move(reason));
}

Result<std::uint64_t> Dispatcher::erase(const EraseQuery& query) {
  if (impl_->forked()) return fork_error();
  return impl_->commands().erase(query);
}

Result<void> Dispatcher::pause() {
  if (impl_->forked()) return fork_error();
  return impl_->commands().set_paused(true);
}

Result<void> Dispatcher::resume() {
  if (impl_->forked()) return fork_error();
  return impl_->commands().set_paused(false);
}

Result<Delivery> Dispatcher::send_test(std::string_view webhook_id) {
  if (impl_->forked()) return fork_error();
  return impl_->commands().send_test(webhook_id);
}

}  // namespace hookline
