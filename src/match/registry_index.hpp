#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "hookline/import.hpp"
#include "hookline/webhook.hpp"
#include "hookline/webhook_registry.hpp"
#include "match/persistent_map.hpp"
#include "match/persistent_set.hpp"
#include "match/sip_hash.hpp"

namespace hookline::detail {

using WebhookPtr = std::shared_ptr<const Webhook>;

/// One state of the registry: its webhooks by id, by tenant and by what they are triggered by.
///
/// Copying it costs a few pointers, and a changed copy shares all but a path with the original (see
/// `PersistentSet`, also for who may do what at the same time).
///
/// Look-ups go by keyed hashes, which strangers cannot make collide; what a hash finds is compared
/// byte for byte. The maps hold what has a hash to itself, and send whoever finds nothing there to
/// the ordered sets, which hold everything. A set keeps the triggers with one hash side by side,
/// sorted by the id of their webhook: an import that fires a hundred thousand webhooks costs what
/// it finds, and adding one more to them costs no more than any other `put`.
class RegistryIndex {
 public:
  /// The key of the hashes is a secret. Tests make hashes collide by a mask.
  explicit RegistryIndex(const HashKey& key, std::uint64_t hash_mask = ~std::uint64_t{0})
      : key_(key), hash_mask_(hash_mask) {}

  [[nodiscard]] std::size_t size() const { return by_id_.size(); }
  /// Null if there is none.
  [[nodiscard]] WebhookPtr find(std::string_view id) const;
  /// As `WebhookRegistry::match` and `list`.
  [[nodiscard]] std::vector<WebhookPtr> match(const Import& import) const;
  [[nodiscard]] WebhookPage list(const WebhookQuery& query) const;
  /// Calls `visit(const WebhookPtr&)` with each webhook, in the order of their ids.
  template <class Visit>
  void visit_all(Visit&& visit) const {
    by_id_.visit_from(0, {}, [&](std::uint64_t, const WebhookPtr& webhook) {
      visit(webhook);
      return true;
    });
  }

  /// Adds the webhook, or replaces the one with its id.
  void put(const WebhookPtr& webhook);
  void remove(std::string_view id);

 private:
  enum class TriggerKind { import_identifier, saved_schema, all_imports };

  struct Trigger {
    WebhookPtr webhook;
    std::string_view value;  // in the webhook's list; here to be compared without reading that
  };

  struct ById {
    using Key = std::string_view;
    static Key key(const WebhookPtr& webhook) { return webhook->id; }
    static int compare(const WebhookPtr& webhook, Key key) { return webhook->id.compare(key); }
  };

  struct ByTenantAndId {
    struct Key {
      std::string_view tenant;
      std::string_view id;
    };
    static Key key(const WebhookPtr& webhook) { return {webhook->tenant, webhook->id}; }
    static int compare(const WebhookPtr& webhook, const Key& key) {
      const int order = webhook->tenant.compare(key.tenant);
      return order != 0 ? order : webhook->id.compare(key.id);
    }
  };

  struct ByIdAndValue {
    struct Key {
      std::string_view id;
      std::string_view value;
    };
    static Key key(const Trigger& trigger) { return {trigger.webhook->id, trigger.value}; }
    static int compare(const Trigger& trigger, const Key& key) {
      const int order = trigger.webhook->id.compare(key.id);
      return order != 0 ? order : trigger.value.compare(key.value);
    }
  };
  struct Triggers {
    PersistentSet<Trigger, ByIdAndValue> all;  // ranked by trigger_hash()
    PersistentMap<Trigger> by_hash;            // without a webhook: see the set
  };

  void collect(TriggerKind kind, std::string_view value, const Import& import,
               std::vector<WebhookPtr>& found) const;
  void put_by_hash(const WebhookPtr& webhook);
  void remove_by_hash(const WebhookPtr& webhook);
  template <class Visit>
  void visit_triggers(const WebhookPtr& webhook, Visit&& visit);
  static void refresh_by_hash(Triggers& triggers, std::uint64_t hash);
  [[nodiscard]] std::uint64_t hash_of(std::string_view text) const;
  [[nodiscard]] std::uint64_t trigger_hash(std::string_view tenant, bool development_mode,
                                           std::string_view value) const;

  HashKey key_;
  std::uint64_t hash_mask_;
  PersistentSet<WebhookPtr, ById> by_id_;               // all of one rank
  PersistentMap<WebhookPtr> by_hash_;                   // of the id; null: see by_id_
  PersistentSet<WebhookPtr, ByTenantAndId> by_tenant_;  // ranked by the hash of the tenant
  std::array<Triggers, 3> triggers_;                    // by kind
};

}  // namespace hookline::detail
