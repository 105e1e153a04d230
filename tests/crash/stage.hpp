#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "fakes/samples.hpp"
#include "hookline/sqlite_store.hpp"

namespace hookline::crash {

constexpr std::size_t kMaxInFlight = 16;
/// Claims that a dispatcher holds at most, those included whose outcome is being recorded: what a
/// kill can make it forget.
constexpr std::size_t kMaxHeld = 4 * kMaxInFlight;

/// The webhooks of every process of a run. Tenant `a` has two, one of which fails often; that of
/// `b` is in order; operators lay hands on what `c` gets.
inline void add_webhooks(WebhookRegistry& registry, const std::string& receiver) {
  const auto add = [&](const std::string& tenant, const std::string& id, Ordering ordering) {
    Webhook webhook = fakes::webhook_to(receiver + "/" + id, id);
    webhook.tenant = tenant;
    webhook.ordering = ordering;
    if (!registry.add(webhook)) std::abort();
  };
  add("a", "steady", Ordering::none);
  add("a", "shaky", Ordering::none);
  add("b", "ordered", Ordering::fifo);
  add("c", "handled", Ordering::none);
}

/// An import of the tenant that the id begins with.
inline Import import_of(const std::string& id) {
  Import import = fakes::completed_import(id);
  import.tenant = id.substr(0, 1);
  return import;
}

/// One that is dispatched with an idempotency key, and again after a crash.
inline bool has_key(const std::string& import_id) { return import_id.back() == 'k'; }

inline DispatcherOptions options_on(std::shared_ptr<DeliveryStore> store) {
  DispatcherOptions options;
  options.store = std::move(store);
  options.max_in_flight = kMaxInFlight;
  options.retry_schedule.assign(50, std::chrono::milliseconds(5));
  options.retention.delivered = std::chrono::seconds(1);
  options.retention.exhausted_and_discarded = std::chrono::seconds(1);
  return options;
}

}  // namespace hookline::crash
