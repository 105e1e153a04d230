#include "match/registry_store.hpp"

#include <utility>

#include "match/registry_json.hpp"
#include "match/webhook_check.hpp"

namespace hookline {

WebhookStore::~WebhookStore() = default;

namespace detail {
namespace {

WebhookWrite write_of(const RegistryChange& change) {
  WebhookWrite write;
  write.from_revision = change.before ? change.before->revision : 0;
  write.webhook.id = change.id;
  if (change.after) {
    write.webhook.revision = change.after->revision;
    write.webhook.document = write_webhook(*change.after, Secrets::revealed);
  }
  return write;
}

/// The revision alone does not tell: an id that was removed and added anew begins at 1 again.
bool is_known(const RegistryChange& change) {
  return change.before && change.after && change.before->revision == change.after->revision &&
         write_webhook(*change.before, Secrets::revealed) ==
             write_webhook(*change.after, Secrets::revealed);
}

Result<WebhookPtr> read(const StoredWebhook& stored, const AddressPolicy& policy) {
  if (stored.document.empty()) return nullptr;
  auto webhooks = read_registry(stored.document);
  if (!webhooks) return tl::unexpected<Error>(webhooks.error());
  Webhook& webhook = webhooks->front();
  static_cast<void>(disable_if_faulty(webhook, policy));
  return std::make_shared<const Webhook>(std::move(webhook));
}

}  // namespace

Result<void> RegistryStore::keep(const std::vector<RegistryChange>& changes) {
  if (!store_ || changes.empty()) return {};
  std::vector<WebhookWrite> writes;
  writes.reserve(changes.size());
  for (const RegistryChange& change : changes) writes.push_back(write_of(change));
  const auto version = store_->write(writes);
  if (!version) return tl::unexpected<Error>(version.error());
  // If others have written in between, `catch_up` begins before them.
  if (*version == version_ + writes.size()) version_ = *version;
  return {};
}

Result<std::vector<RegistryChange>> RegistryStore::catch_up(RegistryIndex& index,
                                                            const AddressPolicy& policy) {
  std::vector<RegistryChange> done;
  if (!store_) return done;
  const auto changes = store_->changes(version_);
  if (!changes) return tl::unexpected<Error>(changes.error());
  for (const StoredWebhook& stored : changes->webhooks) {
    RegistryChange change{stored.id, index.find(stored.id), nullptr};
    auto after = read(stored, policy);
    if (!after) return tl::unexpected<Error>(after.error());
    change.after = *std::move(after);
    if (is_known(change)) continue;
    if (change.after) {
      index.put(change.after);
    } else if (change.before) {
      index.remove(stored.id);
    }
    done.push_back(std::move(change));  // of one that was removed long ago, too
  }
  version_ = changes->version;
  return done;
}

}  // namespace detail
}  // namespace hookline
