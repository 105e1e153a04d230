#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hookline/address_policy.hpp"
#include "hookline/export.hpp"
#include "hookline/import.hpp"
#include "hookline/result.hpp"
#include "hookline/webhook.hpp"
#include "hookline/webhook_store.hpp"

namespace hookline {

/// Which webhooks `WebhookRegistry::list` returns: a page in the order of their ids.
struct WebhookQuery {
  std::optional<std::string> tenant;  ///< absent: all tenants
  std::string after;                  ///< only ids greater than this one
  std::size_t limit = 100;            ///< 1 to 1000
};

struct WebhookPage {
  std::vector<Webhook> webhooks;
  std::string next;  ///< `after` of the next page; empty on the last one
};

/// What `WebhookRegistry::load_json` did.
struct RegistryLoadReport {
  std::size_t loaded = 0;
  /// `id: reason` of each webhook that is in order but for what the policy or a rule refuses today;
  /// it was loaded as disabled, with that reason. One that was disabled before keeps its own.
  std::vector<std::string> disabled;
};

/// Whether the JSON form shows secrets.
enum class Secrets { redacted, revealed };

/// The managed webhooks of a service.
///
/// Threads: every function may be called from any thread. Readers (`find`, `list`, `candidates`)
/// work on an immutable snapshot and never wait for a writer; writers wait for each other. The
/// registry must outlive the dispatchers that use it.
class HOOKLINE_API WebhookRegistry {
 public:
  /// The policy also governs every request of the dispatchers that use this registry, those to
  /// basic webhooks included.
  explicit WebhookRegistry(AddressPolicy policy = {});
  /// A registry that lives in a store: what `add`, `update` and the other functions have changed is
  /// durable when they return, and what other processes change is seen here within a second. A
  /// webhook that the policy would refuse today is disabled here, with the reason. The store is
  /// shared. `store_failed`, `invalid_registry_document` if the store is damaged, and what
  /// `SealedWebhooks` says of what it cannot open.
  [[nodiscard]] static Result<std::unique_ptr<WebhookRegistry>> open(
      std::shared_ptr<WebhookStore> store, AddressPolicy policy = {});
  WebhookRegistry(const WebhookRegistry&) = delete;
  WebhookRegistry& operator=(const WebhookRegistry&) = delete;
  ~WebhookRegistry();

  /// Adds a webhook and returns it as stored, with its id, times and revision: 1, or the next one
  /// of a webhook of this id that was removed.
  /// `invalid_webhook` lists every fault that was found, by field; `webhook_exists` if the id is
  /// taken.
  [[nodiscard]] Result<Webhook> add(Webhook webhook);

  /// Replaces the webhook with this id. `revision` must be the current one, so that two editors do
  /// not undo each other (`revision_conflict`). The tenant cannot change. `webhook_not_found`,
  /// `invalid_webhook` as for `add`.
  [[nodiscard]] Result<Webhook> update(Webhook webhook);

  /// `webhook_not_found` if there is none.
  [[nodiscard]] Result<void> remove(std::string_view id);

  /// Disables a webhook, with the reason; one that is disabled already stays as it is. With a
  /// revision only if that is the current one (`revision_conflict`). `webhook_not_found`.
  [[nodiscard]] Result<Webhook> disable(std::string_view id, std::string reason,
                                        std::optional<std::uint64_t> revision = std::nullopt);

  /// Its events go on being accepted and wait until `enable`. `webhook_not_found`.
  [[nodiscard]] Result<Webhook> pause(std::string_view id);
  /// From `paused` or `disabled`. `webhook_not_found`, or `invalid_webhook` if the webhook would be
  /// refused today.
  [[nodiscard]] Result<Webhook> enable(std::string_view id);

  /// Whether a webhook of this id was there and was removed, as far as this registry remembers: in
  /// this process, or ever, where it lives in a store. What waits for such a webhook is discarded;
  /// what waits for one that was never heard of is kept, since the configuration may be at fault.
  [[nodiscard]] bool was_removed(std::string_view id) const;

  [[nodiscard]] std::optional<Webhook> find(std::string_view id) const;
  /// The same without a copy, or null: the webhook as it is now, for as long as the pointer is
  /// held.
  [[nodiscard]] std::shared_ptr<const Webhook> get(std::string_view id) const;
  /// `invalid_query` if the limit is out of bounds. Costs what is on the page.
  [[nodiscard]] Result<WebhookPage> list(const WebhookQuery& query = {}) const;
  [[nodiscard]] std::size_t size() const;

  /// The webhooks of the import's tenant and mode that one of its triggers hits, whatever their
  /// state, each once, in the order of their ids. Costs what it finds. `EventMatcher` looks at
  /// states and filters by event.
  [[nodiscard]] std::vector<std::shared_ptr<const Webhook>> candidates(const Import& import) const;

  /// All webhooks as a JSON document. Secrets are left out (`"[redacted]"`) unless asked for; a
  /// redacted document cannot be loaded.
  [[nodiscard]] std::string to_json(Secrets secrets = Secrets::redacted) const;

  /// Replaces everything by what the document holds. `invalid_registry_document` names the place
  /// (`webhooks[3].url: …`), and then nothing has changed. The revision of a webhook that the
  /// document changes grows, whatever the document says.
  [[nodiscard]] Result<RegistryLoadReport> load_json(std::string_view json);

  [[nodiscard]] const AddressPolicy& address_policy() const;

  /// Calls `changed` after every change of a webhook (add, update, disable, remove, load) with the
  /// webhook as the change left it or, when it was removed, as it was before; from the thread that
  /// made the change, with no lock held: several threads may be in it at once, and it may call the
  /// registry. It must not throw. Ends when the returned handle is dropped;
  /// that waits for a call under way, so do not drop it from inside one.
  [[nodiscard]] std::shared_ptr<void> on_change(
      std::function<void(const Webhook& webhook)> changed);

  /// Calls `heard` when what other processes have changed cannot be brought in: `store_failed` (it
  /// is tried again with the next change, here or there), or, for a webhook that cannot be read and
  /// stays as it was, `invalid_registry_document` or `sealing_key_missing`. Otherwise as
  /// `on_change`. A dispatcher brings them to its `Logger`.
  [[nodiscard]] std::shared_ptr<void> on_fault(std::function<void(const Error& fault)> heard);

 private:
  struct State;
  explicit WebhookRegistry(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hookline
