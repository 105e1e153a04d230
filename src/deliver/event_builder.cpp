#include "deliver/event_builder.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/fail.hpp"
#include "base/iso8601.hpp"
#include "base/ulid.hpp"
#include "deliver/import_fingerprint.hpp"
#include "match/webhook_check.hpp"

namespace hookline::detail {
namespace {

constexpr std::size_t kMaxIdempotencyKey = 255;

NewEvent begin_event(const Import& import, Event what, const Moment& now) {
  NewEvent event;
  event.accepted = now;
  event.tenant = import.tenant;
  event.receipt.message_id = make_id("msg_", now.wall);
  event.receipt.import_id = import.id;
  event.receipt.event = what;
  return event;
}

/// What `retrieve headless import` would say of an import that has never been.
std::string test_document(const Import& import, std::string_view status) {
  const auto date = to_iso8601(std::chrono::floor<std::chrono::microseconds>(
                                   import.created_date.time_since_epoch()))
                        .value_or("");
  return fmt::format(R"({{"id":"{}","schema_id":null,"status":"{}","original_filename":"{}",)"
                     R"("created_date":"{}","modified_date":"{}","upload":null,"review_url":null,)"
                     R"("result_metadata":null,"import_errors":null}})",
                     import.id, status, *import.filename, date, date);
}

Import test_import(const Webhook& webhook, const Moment& now) {
  Import import;
  import.id = make_id("test_", now.wall);
  import.filename = "hookline-test.csv";
  import.created_date = now.wall;
  import.num_data_rows = 1;
  import.development_mode = webhook.development_mode;
  import.tenant = webhook.tenant;
  const Event event = webhook.events.empty() ? Event::import_completed : webhook.events.front();
  if (event == Event::import_completed) return import;
  const bool failed = event == Event::headless_import_failed;
  import.import_type = ImportType::headless;
  import.status = failed ? ImportStatus::failed : ImportStatus::needs_review;
  import.headless = test_document(import, failed ? "FAILED" : "NEEDS_REVIEW");
  return import;
}

}  // namespace

EventBuilder::EventBuilder(const WebhookRegistry& registry, const DispatcherOptions& options)
    : registry_(registry),
      matcher_(registry),
      payloads_(options.payload),
      on_bad_headless_(options.on_bad_headless),
      first_delay_(options.retry_schedule.front()),
      keep_keys_(options.retention.idempotency_keys) {}

Result<NewEvent> EventBuilder::build(const Import& import, const DispatchOptions& options,
                                     const Moment& now) const {
  const auto match = matcher_.match(import);
  if (!match) return tl::unexpected<Error>(match.error());
  NewEvent event = begin_event(import, match->event, now);
  auto added = add_managed(import, *match, event);
  if (added && match->basic) added = add_basic(import, event);
  if (added) added = add_key(import, options, event);
  if (!added) return tl::unexpected<Error>(added.error());
  // Last, since they are no part of the receipt: what `recover` finds when they are enabled again.
  for (const auto& webhook : match->disabled) {
    NewDelivery missed = delivery_to(*webhook, now);
    missed.status = DeliveryStatus::discarded;
    missed.reason = "the webhook was disabled";
    event.deliveries.push_back(std::move(missed));
  }
  return event;
}

Result<NewEvent> EventBuilder::build_test(const Webhook& webhook, const Moment& now) const {
  const Import import = test_import(webhook, now);
  const auto what = event_of(import);
  auto body = payloads_.managed(import);
  if (!what) return tl::unexpected<Error>(what.error());
  if (!body) return tl::unexpected<Error>(body.error());
  NewEvent event = begin_event(import, *what, now);
  event.managed_body = std::make_shared<const std::string>(std::move(*body));
  event.deliveries.push_back(delivery_to(webhook, now));
  event.deliveries.back().due = now.due;
  event.receipt.deliveries.push_back({0, webhook.id, std::nullopt});
  return event;
}

NewDelivery EventBuilder::delivery_to(const Webhook& webhook, const Moment& now) const {
  NewDelivery delivery;
  delivery.lane = {webhook.tenant, webhook.id, ""};
  delivery.due =
      now.due + (webhook.retry_schedule ? webhook.retry_schedule->front() : first_delay_);
  return delivery;
}

/// The body is built even if nobody wants it, so that an import is refused or not whoever listens.
Result<void> EventBuilder::add_managed(const Import& import, const Match& match,
                                       NewEvent& event) const {
  auto body = managed_body(import, event.receipt);
  if (!body) return tl::unexpected<Error>(body.error());
  if (match.webhooks.empty() && match.disabled.empty()) return {};
  event.managed_body = std::make_shared<const std::string>(std::move(*body));
  const std::size_t basic = match.basic ? 1 : 0;
  event.deliveries.reserve(match.webhooks.size() + basic + match.disabled.size());
  event.receipt.deliveries.reserve(match.webhooks.size() + basic);
  for (const auto& webhook : match.webhooks) {
    event.deliveries.push_back(delivery_to(*webhook, event.accepted));
    event.receipt.deliveries.push_back({0, webhook->id, std::nullopt});
  }
  return {};
}

/// What stands in a headless document comes from strangers, who must not be able to silence a
/// webhook; that the document is missing or misplaced is a mistake of the host.
Result<std::string> EventBuilder::managed_body(const Import& import,
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
Result<void> EventBuilder::add_basic(const Import& import, NewEvent& event) const {
  auto body = payloads_.basic(import);
  if (!body) return tl::unexpected<Error>(body.error());
  event.basic_body = std::make_shared<const std::string>(std::move(*body));

  NewDelivery delivery;
  AcceptedDelivery accepted;
  delivery.due = event.accepted.due + first_delay_;
  delivery.lane.tenant = import.tenant;
  const auto checked = registry_.address_policy().check_url(*import.webhook_url);
  if (checked) {
    delivery.url = *import.webhook_url;
    delivery.lane.origin = checked->origin;
  } else {
    delivery.status = DeliveryStatus::exhausted;
    delivery.reason =
        fmt::format("{}: {}", to_string(FailureClass::policy), checked.error().message);
    accepted.refused = checked.error();
  }
  event.deliveries.push_back(std::move(delivery));
  event.receipt.deliveries.push_back(std::move(accepted));
  return {};
}

Result<void> EventBuilder::add_key(const Import& import, const DispatchOptions& options,
                                   NewEvent& event) const {
  if (!options.idempotency_key) return {};
  const std::string& key = *options.idempotency_key;
  const auto fault = key.empty() ? std::optional<std::string>("must not be empty; leave it out")
                                 : text_fault(key, kMaxIdempotencyKey);
  if (fault) return fail(ErrorCode::invalid_idempotency_key, "idempotency_key: {}", *fault);
  std::string print = fingerprint(import);
  if (print.empty()) return fail(ErrorCode::system_failed, "idempotency_key: OpenSSL cannot hash");
  event.idempotency_key = IdempotencyKey{key, std::move(print), event.accepted.due + keep_keys_};
  return {};
}

}  // namespace hookline::detail
