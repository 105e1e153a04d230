#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hookline/export.hpp"
#include "hookline/result.hpp"
#include "hookline/secret.hpp"

namespace hookline {

/// A webhook as a `WebhookStore` keeps it. What stands in the document is the registry's business.
struct StoredWebhook {
  std::string id;
  std::uint64_t revision = 0;  ///< of one that was removed: the last one
  Secret document;             ///< empty: it was removed
  /// Why the document cannot be read, though there is one: the registry tells it (`on_fault`).
  std::optional<Error> fault;
};

/// A change that takes place only if nobody else has made one meanwhile.
struct WebhookWrite {
  StoredWebhook webhook;            ///< with an empty document: it is to be removed
  std::uint64_t from_revision = 0;  ///< what stands there now; 0: nothing does
};

struct WebhookChanges {
  std::vector<StoredWebhook> webhooks;  ///< each once, as it is now
  std::uint64_t version = 0;            ///< of the store; grows with every write
};

/// Where a `WebhookRegistry` keeps its webhooks, so that they outlive the process and other
/// processes see them: `SqliteStore::webhooks()`.
///
/// Threads: every function may be called from any thread at any time. None of them throws.
///
/// Errors: `store_failed`; then nothing has changed. `commit_unknown` where that cannot be known.
class HOOKLINE_API WebhookStore {
 public:
  WebhookStore() = default;
  WebhookStore(const WebhookStore&) = delete;
  WebhookStore& operator=(const WebhookStore&) = delete;
  virtual ~WebhookStore();

  /// What has changed since that version, 0 at first; webhooks that were removed are among it.
  [[nodiscard]] virtual Result<WebhookChanges> changes(std::uint64_t since) const = 0;

  /// All of the writes or none; durable when it returns. The version after it.
  /// `revision_conflict` names the first webhook that is not what was expected.
  [[nodiscard]] virtual Result<std::uint64_t> write(const std::vector<WebhookWrite>& writes) = 0;

  /// Makes sure that what was replaced or removed cannot be read any more, where the medium keeps
  /// traces of it; may take as long as reading everything. Unless overridden it does nothing.
  /// `store_failed`: traces may be left; repeat it.
  [[nodiscard]] virtual Result<void> clear_traces();

  /// As `DeliveryStore::on_foreign_write`.
  [[nodiscard]] virtual std::shared_ptr<void> on_foreign_write(std::function<void()> changed) = 0;
};

}  // namespace hookline
