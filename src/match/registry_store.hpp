#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "hookline/address_policy.hpp"
#include "hookline/webhook_store.hpp"
#include "match/registry_index.hpp"

namespace hookline::detail {

/// What a change made of one webhook; null where there is none.
struct RegistryChange {
  std::string id;
  WebhookPtr before;
  WebhookPtr after;
  std::uint64_t revision = 0;  ///< the last one, of a webhook that was removed
};

/// What others have written.
struct RegistryNews {
  std::vector<RegistryChange> changes;
  /// Of webhooks that cannot be read: they stay as they were. `invalid_registry_document`,
  /// `sealing_key_missing`, or whatever the source of keys says. Each is told once.
  std::vector<Error> faults;
};

/// A registry's side of its `WebhookStore`: keeps what the registry changes, and brings in what
/// others have changed. Without a store it does nothing.
///
/// Threads: one at a time; the registry's lock for writers sees to that.
class RegistryStore {
 public:
  explicit RegistryStore(std::shared_ptr<WebhookStore> store) : store_(std::move(store)) {}

  /// Durable when it returns. `revision_conflict` if somebody else was faster: then `catch_up` and
  /// decide anew.
  [[nodiscard]] Result<void> keep(const std::vector<RegistryChange>& changes);

  /// What others have written since the last time, already in `index`. A webhook that the policy
  /// would refuse today is disabled, here alone.
  [[nodiscard]] Result<RegistryNews> catch_up(RegistryIndex& index, const AddressPolicy& policy);

  /// Whether a webhook is disabled by the policy of this process, and not in the store.
  [[nodiscard]] bool disabled_here(const std::string& id) const {
    return disabled_here_.count(id) > 0;
  }

 private:
  [[nodiscard]] Result<WebhookPtr> read(const StoredWebhook& stored, const AddressPolicy& policy);
  void tell_once(const std::string& id, Error fault, RegistryNews& news);

  const std::shared_ptr<WebhookStore> store_;
  std::uint64_t version_ = 0;                          ///< what `catch_up` has seen
  std::unordered_map<std::string, std::string> told_;  ///< by id: why it cannot be read
  std::unordered_set<std::string> disabled_here_;
};

}  // namespace hookline::detail
