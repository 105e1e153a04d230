#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "hookline/dispatcher.hpp"
#include "hookline/memory_store.hpp"
#include "hookline/testing.hpp"
#include "hookline/webhook_registry.hpp"

namespace hookline::fakes {

inline AddressPolicy loopback_policy() {
  AddressPolicyOptions options;
  options.allow_http = true;
  options.allow_cidrs = {"127.0.0.0/8"};
  return AddressPolicy::create(options).value();
}

/// A successful embedded import that the webhook of `webhook_to` wants.
inline Import completed_import(std::string id = "import-1") {
  Import import;
  import.id = std::move(id);
  import.filename = "contacts.csv";
  import.import_identifier = "contacts";
  import.num_data_rows = 3;
  import.has_data = true;
  return import;
}

inline Webhook webhook_to(std::string url = "https://hooks.example.com/in", std::string id = "") {
  Webhook webhook;
  webhook.id = std::move(id);
  webhook.url = std::move(url);
  webhook.import_identifiers = {"contacts"};
  return webhook;
}

/// A dispatcher whose transport and clock a test holds in its hands, and delays without jitter.
struct Bench {
  explicit Bench(DispatcherOptions options = {}) {
    if (!options.transport) options.transport = transport;
    if (!options.store) options.store = std::make_shared<MemoryStore>();
    options.clock = clock;
    options.retry_jitter = 0;
    dispatcher = Dispatcher::create(registry, options).value();
  }

  Webhook add(Webhook webhook) { return registry.add(std::move(webhook)).value(); }

  /// Waits until the first delivery has this many attempts on record: only then does moving the
  /// clock move its next try.
  bool wait_for_attempts(std::size_t count) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
      const auto page = dispatcher->deliveries().value();
      if (!page.deliveries.empty() &&
          dispatcher->attempts(page.deliveries[0].id)->size() >= count) {
        return true;
      }
      std::this_thread::yield();
    }
    return false;
  }

  Delivery only_delivery() const { return dispatcher->deliveries().value().deliveries.at(0); }

  WebhookRegistry registry{loopback_policy()};
  std::shared_ptr<testing::RecordingTransport> transport =
      std::make_shared<testing::RecordingTransport>();
  std::shared_ptr<testing::ManualClock> clock = std::make_shared<testing::ManualClock>();
  std::unique_ptr<Dispatcher> dispatcher;
};

}  // namespace hookline::fakes
