#include "match/registry_store.hpp"

#include <utility>

#include "base/fail.hpp"
#include "base/text.hpp"
#include "match/registry_json.hpp"
#include "match/sealed_document.hpp"
#include "match/webhook_check.hpp"

namespace hookline {

WebhookStore::~WebhookStore() = default;

namespace detail {
namespace {

WebhookWrite write_of(const RegistryChange& change) {
  WebhookWrite write;
  write.from_revision = change.before ? change.before->revision : 0;
  write.webhook.id = change.id;
  write.webhook.revision = change.after ? change.after->revision : write.from_revision;
  if (change.after) {
    write.webhook.document = write_webhook(*change.after);
  }
  return write;
}

tl::unexpected<Error> unreadable(const std::string& id, const Error& reason) {
  return fail(reason.code, "webhook {}: what the store keeps of it cannot be read: {}",
              quoted(id, 128), reason.message);
}

Error no_key() {
  return {ErrorCode::sealing_key_missing,
          "it is sealed; open the registry over SealedWebhooks, with its key"};
}

/// The revision alone does not tell: an id can be removed and added anew.
bool is_known(const RegistryChange& change) {
  return change.before && change.after && change.before->revision == change.after->revision &&
         write_webhook(*change.before) == write_webhook(*change.after);
}

}  // namespace

Result<void> RegistryStore::keep(const std::vector<RegistryChange>& changes) {
  if (!store_ || changes.empty()) return {};
  std::vector<WebhookWrite> writes;
  writes.reserve(changes.size());
  for (const RegistryChange& change : changes) writes.push_back(write_of(change));
  const auto version = store_->write(writes);
  if (!version) return tl::unexpected<Error>(version.error());
  for (const RegistryChange& change : changes) disabled_here_.erase(change.id);
  // If others have written in between, `catch_up` begins before them.
  if (*version == version_ + writes.size()) version_ = *version;
  return {};
}

Result<WebhookPtr> RegistryStore::read(const StoredWebhook& stored, const AddressPolicy& policy) {
  disabled_here_.erase(stored.id);
  if (stored.fault) return unreadable(stored.id, *stored.fault);
  if (stored.document.empty()) return nullptr;
  if (is_sealed(stored.document.reveal())) return unreadable(stored.id, no_key());
  auto webhooks = read_registry(stored.document.reveal());
  if (!webhooks) return unreadable(stored.id, webhooks.error());
  Webhook& webhook = webhooks->front();
  if (disable_if_faulty(webhook, policy)) disabled_here_.insert(stored.id);
  return std::make_shared<const Webhook>(std::move(webhook));
}

Result<RegistryNews> RegistryStore::catch_up(RegistryIndex& index, const AddressPolicy& policy) {
  RegistryNews news;
  if (!store_) return news;
  const auto changes = store_->changes(version_);
  if (!changes) return tl::unexpected<Error>(changes.error());
  for (const StoredWebhook& stored : changes->webhooks) {
    RegistryChange change{stored.id, index.find(stored.id), nullptr, stored.revision};
    auto after = read(stored, policy);
    if (!after) {
      news.faults.push_back(std::move(after).error());
      continue;
    }
    change.after = *std::move(after);
    if (is_known(change)) continue;
    if (change.after) {
      index.put(change.after);
    } else if (change.before) {
      index.remove(stored.id);
    }
    news.changes.push_back(std::move(change));  // of one that was removed long ago, too
  }
  version_ = changes->version;
  return news;
}

}  // namespace detail
}  // namespace hookline
