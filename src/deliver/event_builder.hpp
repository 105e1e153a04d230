#pragma once

#include <chrono>
#include <string>

#include "hookline/delivery_store.hpp"
#include "hookline/dispatcher.hpp"
#include "hookline/event_matcher.hpp"
#include "hookline/payload_builder.hpp"

namespace hookline::detail {

/// Makes the event of an import: who wants it, under which message id, with which bodies. Usable
/// from many threads at once.
class EventBuilder {
 public:
  EventBuilder(const WebhookRegistry& registry, const DispatcherOptions& options);

  /// Errors: those of `EventMatcher::match` and `PayloadBuilder`, `invalid_idempotency_key`.
  [[nodiscard]] Result<NewEvent> build(const Import& import, const DispatchOptions& options,
                                       const Moment& now) const;

  /// An event for one webhook alone, about an import that has never been.
  [[nodiscard]] Result<NewEvent> build_test(const Webhook& webhook, const Moment& now) const;

 private:
  [[nodiscard]] Result<std::string> managed_body(const Import& import,
                                                 DispatchReceipt& receipt) const;
  [[nodiscard]] Result<void> add_managed(const Import& import, const Match& match,
                                         NewEvent& event) const;
  [[nodiscard]] Result<void> add_basic(const Import& import, NewEvent& event) const;
  [[nodiscard]] Result<void> add_key(const Import& import, const DispatchOptions& options,
                                     NewEvent& event) const;
  [[nodiscard]] NewDelivery delivery_to(const Webhook& webhook, const Moment& now) const;

  const WebhookRegistry& registry_;
  const EventMatcher matcher_;
  const PayloadBuilder payloads_;
  const OnBadHeadless on_bad_headless_;
  const std::chrono::milliseconds first_delay_;
  const std::chrono::seconds keep_keys_;
};

}  // namespace hookline::detail
