#include "importer/opened_store.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

#include "common/command_line.hpp"
#include "common/text_file.hpp"
#include "common/webhook_keys.hpp"

namespace importer {
namespace {

using Registry = std::unique_ptr<hookline::WebhookRegistry>;

examples::Checked<Registry> read_registry(const std::string& path,
                                          const hookline::AddressPolicy& policy);
examples::Checked<Registry> stored_registry(hookline::SqliteStore& store, const Options& options,
                                            const hookline::AddressPolicy& policy);
examples::Checked<void> check_lanes(const Options& options, const OpenedStore& opened);
bool has_webhook(const OpenedStore& opened, const hookline::LaneStats& lane);

}  // namespace

examples::Checked<OpenedStore> open_store(const Options& options,
                                          const hookline::AddressPolicy& policy) {
  OpenedStore opened;
  if (!options.webhooks_file.empty()) {
    auto registry = read_registry(options.webhooks_file, policy);
    if (!registry) return tl::unexpected(registry.error());
    opened.registry = std::move(*registry);
  }
  if (options.store_file.empty()) {
    opened.store = std::make_shared<hookline::MemoryStore>();
    if (!opened.registry) opened.registry = std::make_unique<hookline::WebhookRegistry>(policy);
    return opened;
  }
  auto store = hookline::SqliteStore::open({options.store_file});
  if (!store) return examples::fault("--store", store.error());
  if (!opened.registry) {
    auto registry = stored_registry(**store, options, policy);
    if (!registry) return tl::unexpected(registry.error());
    opened.registry = std::move(*registry);
  }
  opened.store = std::move(*store);
  const auto checked = check_lanes(options, opened);
  if (!checked) return tl::unexpected(checked.error());
  return opened;
}

namespace {

/// A webhook that the registry would load as disabled is a fault of the file here: whoever wrote it
/// is at the keyboard and can mend it.
examples::Checked<Registry> read_registry(const std::string& path,
                                          const hookline::AddressPolicy& policy) {
  const auto json = examples::read_text_file(path, examples::kMaxDocumentBytes);
  if (!json) return tl::unexpected(json.error());
  auto registry = std::make_unique<hookline::WebhookRegistry>(policy);
  const auto loaded = registry->load_json(*json);
  if (!loaded) return examples::fault(path, loaded.error());
  if (!loaded->disabled.empty()) {
    return tl::unexpected(fmt::format("{}: webhook {}", path, loaded->disabled.front()));
  }
  return registry;
}

/// What others have put there is no fault of this run, but worth a word: a webhook that the policy
/// refuses hears of nothing.
examples::Checked<Registry> stored_registry(hookline::SqliteStore& store, const Options& options,
                                            const hookline::AddressPolicy& policy) {
  const auto webhooks = examples::with_keys(store.webhooks(), options.key_file);
  if (!webhooks) return tl::unexpected(webhooks.error());
  auto registry = hookline::WebhookRegistry::open(*webhooks, policy);
  if (!registry) return examples::fault("--store", registry.error());
  hookline::WebhookQuery query;
  do {
    const auto page = (*registry)->list(query);
    if (!page) return examples::fault("--store", page.error());
    for (const hookline::Webhook& webhook : page->webhooks) {
      const auto url = policy.check_url(webhook.url);
      if (url) continue;
      examples::complain("importer", fmt::format("webhook {} is disabled for this run: {}",
                                                 webhook.id, url.error().message));
    }
    query.after = page->next;
  } while (!query.after.empty());
  return std::move(*registry);
}

examples::Checked<void> check_lanes(const Options& options, const OpenedStore& opened) {
  hookline::LaneQuery query;
  for (bool more = true; more;) {
    const auto page = opened.store->lanes(query);
    if (!page) return examples::fault("--store", page.error());
    for (const hookline::LaneStats& lane : page->lanes) {
      if (has_webhook(opened, lane)) continue;
      return tl::unexpected(fmt::format(
          "--store: in {} deliveries wait for webhook {}, which {} does not have; give --webhooks "
          "that have it, or take them off with hookctl discard --webhook {}",
          options.store_file, lane.webhook_id,
          options.webhooks_file.empty() ? "the store" : options.webhooks_file, lane.webhook_id));
    }
    query.after = page->next.value_or(0);
    more = page->next.has_value();
  }
  return {};
}

bool has_webhook(const OpenedStore& opened, const hookline::LaneStats& lane) {
  if (lane.webhook_id.empty()) return true;
  const auto webhook = opened.registry->get(lane.webhook_id);
  return webhook && webhook->tenant == lane.tenant;
}

}  // namespace
}  // namespace importer
