#include "match/registry_index.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace hookline::detail {

WebhookPtr RegistryIndex::find(std::string_view id) const {
  const WebhookPtr* by_hash = by_hash_.find(hash_of(id));
  if (!by_hash) return nullptr;
  if (*by_hash) return (*by_hash)->id == id ? *by_hash : nullptr;
  const WebhookPtr* found = by_id_.find(0, id);
  return found ? *found : nullptr;
}

std::vector<WebhookPtr> RegistryIndex::match(const Import& import) const {
  std::vector<WebhookPtr> found;
  if (import.import_identifier) {
    collect(TriggerKind::import_identifier, *import.import_identifier, import, found);
  }
  const std::size_t by_identifier = found.size();
  if (import.saved_schema_id) {
    collect(TriggerKind::saved_schema, *import.saved_schema_id, import, found);
  }
  const std::size_t by_schema = found.size() - by_identifier;
  collect(TriggerKind::all_imports, {}, import, found);
  const bool one_list = found.size() == std::max(by_identifier, by_schema);
  if (one_list || by_identifier + by_schema == 0) return found;

  std::sort(found.begin(), found.end(),
            [](const WebhookPtr& a, const WebhookPtr& b) { return a->id < b->id; });
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

/// Adds the webhooks that have this trigger, in the order of their ids.
void RegistryIndex::collect(TriggerKind kind, std::string_view value, const Import& import,
                            std::vector<WebhookPtr>& found) const {
  const Triggers& triggers = triggers_[static_cast<std::size_t>(kind)];
  if (triggers.by_hash.empty()) return;
  const auto add_hit = [&](const Trigger& trigger) {
    const Webhook& webhook = *trigger.webhook;
    if (webhook.development_mode != import.development_mode) return;
    if (webhook.tenant != import.tenant) return;
    if (trigger.value != value) return;
    found.push_back(trigger.webhook);
  };
  const std::uint64_t hash = trigger_hash(import.tenant, import.development_mode, value);
  const Trigger* single = triggers.by_hash.find(hash);
  if (!single) return;
  if (single->webhook) return add_hit(*single);
  triggers.all.visit_from(hash, {}, [&](std::uint64_t rank, const Trigger& trigger) {
    if (rank == hash) add_hit(trigger);
    return rank == hash;
  });
}

WebhookPage RegistryIndex::list(const WebhookQuery& query) const {
  WebhookPage page;
  const auto take = [&](std::uint64_t, const WebhookPtr& webhook) {
    if (query.tenant && webhook->tenant != *query.tenant) return false;
    if (webhook->id == query.after) return true;
    if (page.webhooks.size() == query.limit) {
      page.next = page.webhooks.back().id;
      return false;
    }
    page.webhooks.push_back(*webhook);
    return true;
  };
  if (query.tenant) {
    by_tenant_.visit_from(hash_of(*query.tenant), {*query.tenant, query.after}, take);
  } else {
    by_id_.visit_from(0, query.after, take);
  }
  return page;
}

void RegistryIndex::put(const WebhookPtr& webhook) {
  remove(webhook->id);
  put_by_hash(webhook);
  by_id_.put(0, webhook);
  by_tenant_.put(hash_of(webhook->tenant), webhook);
  visit_triggers(webhook, [](Triggers& triggers, std::uint64_t hash, Trigger trigger) {
    triggers.all.put(hash, std::move(trigger));
    refresh_by_hash(triggers, hash);
  });
}

void RegistryIndex::remove(std::string_view id) {
  const WebhookPtr webhook = find(id);
  if (!webhook) return;
  remove_by_hash(webhook);
  by_id_.erase(0, webhook->id);
  by_tenant_.erase(hash_of(webhook->tenant), ByTenantAndId::key(webhook));
  visit_triggers(webhook, [](Triggers& triggers, std::uint64_t hash, const Trigger& trigger) {
    triggers.all.erase(hash, ByIdAndValue::key(trigger));
    refresh_by_hash(triggers, hash);
  });
}

void RegistryIndex::put_by_hash(const WebhookPtr& webhook) {
  const std::uint64_t hash = hash_of(webhook->id);
  by_hash_.put(hash, by_hash_.find(hash) ? nullptr : webhook);
}

/// Once two ids have had one hash, whoever has it is looked for in the set.
void RegistryIndex::remove_by_hash(const WebhookPtr& webhook) {
  const std::uint64_t hash = hash_of(webhook->id);
  const WebhookPtr* found = by_hash_.find(hash);
  if (found && *found) by_hash_.erase(hash);
}

/// Brings the map up to date with the set.
void RegistryIndex::refresh_by_hash(Triggers& triggers, std::uint64_t hash) {
  std::size_t count = 0;
  Trigger single;
  triggers.all.visit_from(hash, {}, [&](std::uint64_t rank, const Trigger& trigger) {
    if (rank != hash) return false;
    single = ++count == 1 ? trigger : Trigger();
    return count < 2;
  });
  if (count == 0) {
    triggers.by_hash.erase(hash);
  } else {
    triggers.by_hash.put(hash, std::move(single));
  }
}

/// Calls `visit` with each trigger of a webhook, its hash and the set that it belongs in.
template <class Visit>
void RegistryIndex::visit_triggers(const WebhookPtr& webhook, Visit&& visit) {
  const auto visit_one = [&](TriggerKind kind, std::string_view value) {
    const std::uint64_t hash = trigger_hash(webhook->tenant, webhook->development_mode, value);
    visit(triggers_[static_cast<std::size_t>(kind)], hash, Trigger{webhook, value});
  };
  for (const std::string& value : webhook->import_identifiers) {
    visit_one(TriggerKind::import_identifier, value);
  }
  for (const std::string& value : webhook->saved_schema_ids) {
    visit_one(TriggerKind::saved_schema, value);
  }
  if (webhook->all_imports) visit_one(TriggerKind::all_imports, {});
}

std::uint64_t RegistryIndex::hash_of(std::string_view text) const {
  return sip_hash(key_, text) & hash_mask_;
}

/// The tenant's hash becomes part of the key for the value: no text is joined, so no two pairs of
/// tenant and value can be confused.
std::uint64_t RegistryIndex::trigger_hash(std::string_view tenant, bool development_mode,
                                          std::string_view value) const {
  const std::uint64_t salt = sip_hash(key_, tenant) ^ (development_mode ? ~std::uint64_t{0} : 0);
  return sip_hash(HashKey{key_.k0 ^ salt, key_.k1}, value) & hash_mask_;
}

}  // namespace hookline::detail
