#pragma once

#include <cstdint>
#include <memory>
#include <string>
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
  /// would refuse today is disabled, here alone. `invalid_registry_document` if a document cannot
  /// be read: the store is damaged.
  [[nodiscard]] Result<std::vector<RegistryChange>> catch_up(RegistryIndex& index,
                                                             const AddressPolicy& policy);

  [[nodiscard]] WebhookStore* store() const { return store_.get(); }

 private:
  const std::shared_ptr<WebhookStore> store_;
  std::uint64_t version_ = 0;  ///< what `catch_up` has seen
};

}  // namespace hookline::detail
