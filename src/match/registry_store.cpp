#include "match/registry_store.hpp"

#include <utility>

#include "base/fail.hpp"
#include "base/text.hpp"
#include "match/registry_json.hpp"
#include "match/sealed_document.hpp"
#include "match/webhook_check.hpp"

namespace hookline {

WebhookStore::~WebhookStore() = default;

Result<void> WebhookStore::clear_traces() { return {}; }

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

Error misplaced() {
  return {ErrorCode::invalid_registry_document,
          "its document is that of another webhook or of another revision; restore it, or remove "
          "the webhook"};
}

/// Whether a document was written for the place in which it stands.
bool is_of(const StoredWebhook& stored, const std::vector<Webhook>& webhooks) {
  return webhooks.size() == 1 && webhooks[0].id == stored.id &&
         webhooks[0].revision == stored.revision;
}

/// Only a person who wrote the document leaves out times; they must be such that can be saved.
void settle_times(Webhook& webhook) {
  for (auto* time : {&webhook.created_at, &webhook.updated_at}) {
    if (*time == kNoTime) *time = {};
  }
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
  if (stored.fault) return unreadable(stored.id, *stored.fault);
  if (stored.document.empty()) {
    disabled_here_.erase(stored.id);
    return nullptr;
  }
  if (is_sealed(stored.document.reveal())) return unreadable(stored.id, no_key());
  auto webhooks = read_registry(stored.document.reveal());
  if (!webhooks) return unreadable(stored.id, webhooks.error());
  if (!is_of(stored, *webhooks)) return unreadable(stored.id, misplaced());
  Webhook& webhook = webhooks->front();
  settle_times(webhook);
  if (disable_if_faulty(webhook, policy)) {
    disabled_here_.insert(stored.id);
  } else {
    disabled_here_.erase(stored.id);
  }
  return std::make_shared<const Webhook>(std::move(webhook));
}

Result<RegistryNews> RegistryStore::catch_up(RegistryIndex& index, const AddressPolicy& policy) {
  RegistryNews news;
  if (!store_) return news;
  const auto changes = store_->changes(version_);
  if (!changes) return tl::unexpected<Error>(changes.error());
  bool all_read = true;
  for (const StoredWebhook& stored : changes->webhooks) {
    RegistryChange change{stored.id, index.find(stored.id), nullptr, stored.revision};
    auto after = read(stored, policy);
    if (!after) {
      all_read = false;
      tell_once(stored.id, std::move(after).error(), news);
      continue;
    }
    told_.erase(stored.id);
    change.after = *std::move(after);
    if (is_known(change)) continue;
    if (change.after) {
      index.put(change.after);
    } else if (change.before) {
      index.remove(stored.id);
    }
    news.changes.push_back(std::move(change));  // of one that was removed long ago, too
  }
  // What could not be read is tried again with the next change: its key may have come by then.
  if (all_read) version_ = changes->version;
  return news;
}

void RegistryStore::tell_once(const std::string& id, Error fault, RegistryNews& news) {
  std::string& told = told_[id];
  if (told == fault.message) return;
  told = fault.message;
  news.faults.push_back(std::move(fault));
}

}  // namespace detail
}  // namespace hookline
