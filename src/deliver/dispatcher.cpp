#include "hookline/dispatcher.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <utility>

#include "base/deadline.hpp"
#include "base/fail.hpp"
#include "base/ulid.hpp"
#include "deliver/dispatcher_options.hpp"
#include "deliver/registry_lanes.hpp"
#include "deliver/runner.hpp"
#include "hookline/curl_transport.hpp"
#include "hookline/event_matcher.hpp"
#include "hookline/memory_store.hpp"

namespace hookline {
namespace {

tl::unexpected<Error> fork_error() {
  return detail::fail(ErrorCode::forked,
                      "dispatcher: it belongs to the process that this one was forked from; create "
                      "one after the fork");
}

}  // namespace

class Dispatcher::Impl {
 public:
  Impl(WebhookRegistry& registry, const DispatcherOptions& options, detail::RunnerParts parts)
      : registry_(registry),
        on_bad_headless_(options.on_bad_headless),
        first_delay_(options.retry_schedule.front()),
        matcher_(registry),
        payloads_(options.payload),
        store_(parts.store),
        clock_(options.clock),
        observer_(options.observer, options.observer_queue),
        runner_(std::move(parts), observer_) {}

  Result<void> start() {
    if (auto started = observer_.start(); !started) return started;
    return runner_.start();
  }

  Result<DispatchReceipt> dispatch(const Import& import);
  Result<Delivery> replay(DeliveryId id);
  ShutdownReport shutdown(std::chrono::milliseconds timeout);
  Result<DispatcherStats> stats() const;

  [[nodiscard]] bool forked() const { return owner_ != getpid(); }
  detail::Runner& runner() { return runner_; }
  const DeliveryStore& store() const { return *store_; }

 private:
  Result<std::string> managed_body(const Import& import, DispatchReceipt& receipt) const;
  Result<void> add_managed(const Import& import, const Match& match, NewEvent& event,
                           DispatchReceipt& receipt) const;
  Result<void> add_basic(const Import& import, NewEvent& event, DispatchReceipt& receipt) const;

  const pid_t owner_ = getpid();
  WebhookRegistry& registry_;
  const OnBadHeadless on_bad_headless_;
  const std::chrono::milliseconds first_delay_;
  const EventMatcher matcher_;
  const PayloadBuilder payloads_;
  const std::shared_ptr<DeliveryStore> store_;
  const std::shared_ptr<Clock> clock_;
  detail::ObserverQueue observer_;
  detail::Runner runner_;
};

// --- Dispatch ------------------------------------------------------------------------------------

Result<DispatchReceipt> Dispatcher::Impl::dispatch(const Import& import) {
  const auto match = matcher_.match(import);
  if (!match) return tl::unexpected<Error>(match.error());

  NewEvent event;
  event.created_at = clock_->system_now();
  event.message_id = detail::make_id("msg_", event.created_at);
  event.tenant = import.tenant;
  event.import_id = import.id;
  event.event = match->event;

  DispatchReceipt receipt;
  receipt.message_id = event.message_id;
  receipt.import_id = import.id;
  receipt.event = match->event;

  auto added = add_managed(import, *match, event, receipt);
  if (added && match->basic) added = add_basic(import, event, receipt);
  if (added) added = runner_.append(std::move(event), receipt);
  if (!added) return tl::unexpected<Error>(added.error());
  return receipt;
}

/// The body is built even if nobody wants it, so that an import is refused or not whoever listens.
Result<void> Dispatcher::Impl::add_managed(const Import& import, const Match& match,
                                           NewEvent& event, DispatchReceipt& receipt) const {
  auto body = managed_body(import, receipt);
  if (!body) return tl::unexpected<Error>(body.error());
  if (match.webhooks.empty()) return {};

  event.managed_body = std::make_shared<const std::string>(std::move(*body));
  const DueTime now = runner_.now().due;
  for (const auto& webhook : match.webhooks) {
    NewDelivery delivery;
    delivery.lane = {webhook->tenant, webhook->id, ""};
    delivery.due =
        now + (webhook->retry_schedule ? webhook->retry_schedule->front() : first_delay_);
    event.deliveries.push_back(std::move(delivery));
    receipt.deliveries.push_back({0, webhook->id, std::nullopt});
  }
  return {};
}

/// What stands in a headless document comes from strangers, who must not be able to silence a
/// webhook; that the document is missing or misplaced is a mistake of the host.
Result<std::string> Dispatcher::Impl::managed_body(const Import& import,
                                                   DispatchReceipt& receipt) const {
  auto body = payloads_.managed(import);
  const bool strangers_fault = !body && import.import_type == ImportType::headless &&
                               import.headless &&
                               (body.error().code == ErrorCode::invalid_headless ||
                                body.error().code == ErrorCode::body_too_large);
  if (!strangers_fault || on_bad_headless_ == OnBadHeadless::refuse) return body;
  receipt.headless_error = body.error();
  return payloads_.managed_without_headless(import);
}

/// A URL that cannot be used does not stop the managed webhooks: its delivery ends at once.
Result<void> Dispatcher::Impl::add_basic(const Import& import, NewEvent& event,
                                         DispatchReceipt& receipt) const {
  auto body = payloads_.basic(import);
  if (!body) return tl::unexpected<Error>(body.error());
  event.basic_body = std::make_shared<const std::string>(std::move(*body));

  NewDelivery delivery;
  AcceptedDelivery accepted;
  delivery.due = runner_.now().due + first_delay_;
  delivery.lane.tenant = import.tenant;
  const auto checked = registry_.address_policy().check_url(*import.webhook_url);
  if (checked) {
    delivery.url = *import.webhook_url;
    delivery.lane.origin = checked->origin;
  } else {
    delivery.refused =
        fmt::format("{}: {}", to_string(FailureClass::policy), checked.error().message);
    accepted.refused = checked.error();
  }
  event.deliveries.push_back(std::move(delivery));
  receipt.deliveries.push_back(std::move(accepted));
  return {};
}

// --- The rest ------------------------------------------------------------------------------------

Result<Delivery> Dispatcher::Impl::replay(DeliveryId id) {
  auto original = store_->find(id);
  if (!original) return original;
  const std::string& webhook_id = original->webhook_id;
  if (!webhook_id.empty() && !detail::webhook_of(registry_, {original->tenant, webhook_id, ""})) {
    return detail::fail(ErrorCode::webhook_not_found,
                        "delivery {}: its webhook {} was removed; add it again to replay", id,
                        webhook_id);
  }
  return runner_.replay(id);
}

ShutdownReport Dispatcher::Impl::shutdown(std::chrono::milliseconds timeout) {
  const auto deadline = detail::deadline_after(timeout);
  const ShutdownReport report = runner_.shutdown(timeout);
  observer_.finish(deadline);
  return report;
}

Result<DispatcherStats> Dispatcher::Impl::stats() const {
  const auto counts = store_->counts();
  if (!counts) return tl::unexpected<Error>(counts.error());
  DispatcherStats stats;
  stats.deliveries = *counts;
  stats.observer_dropped = observer_.dropped();
  if (counts->oldest_unfinished) {
    stats.oldest_unfinished_age = std::chrono::floor<std::chrono::milliseconds>(
        clock_->system_now() - *counts->oldest_unfinished);
  }
  return stats;
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
  if (!options.store) options.store = std::make_shared<MemoryStore>();
  if (!options.clock) options.clock = system_clock();

  detail::RunnerParts parts{
      registry,
      options.store,
      std::exchange(options.transport, nullptr),
      owns_transport,
      detail::Timeline(options.clock),
      detail::RequestBuilder(registry, std::move(*signer), options.connect_timeout,
                             options.request_timeout),
      detail::CoreOptions{options.max_in_flight, options.retry_jitter, options.request_timeout},
      options.max_in_flight_per_webhook,
      options.retry_schedule};
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

Result<DispatchReceipt> Dispatcher::dispatch(const Import& import) {
  if (impl_->forked()) return fork_error();
  return impl_->dispatch(import);
}

Result<Delivery> Dispatcher::delivery(DeliveryId id) const {
  if (impl_->forked()) return fork_error();
  return impl_->store().find(id);
}

bool Dispatcher::flush(std::chrono::milliseconds timeout) {
  return !impl_->forked() && impl_->runner().flush(timeout);
}

ShutdownReport Dispatcher::shutdown(std::chrono::milliseconds timeout) {
  if (impl_->forked()) return {};
  return impl_->shutdown(timeout);
}

Result<DeliveryPage> Dispatcher::deliveries(const DeliveryQuery& query) const {
  if (impl_->forked()) return fork_error();
  return impl_->store().list(query);
}

Result<std::vector<Attempt>> Dispatcher::attempts(DeliveryId delivery) const {
  if (impl_->forked()) return fork_error();
  return impl_->store().attempts(delivery);
}

Result<Delivery> Dispatcher::replay(DeliveryId delivery) {
  if (impl_->forked()) return fork_error();
  return impl_->replay(delivery);
}

Result<DispatcherStats> Dispatcher::stats() const {
  if (impl_->forked()) return fork_error();
  return impl_->stats();
}

}  // namespace hookline
