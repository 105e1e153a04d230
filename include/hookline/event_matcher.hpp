#pragma once

#include <memory>
#include <vector>

#include "hookline/event.hpp"
#include "hookline/export.hpp"
#include "hookline/import.hpp"
#include "hookline/result.hpp"
#include "hookline/webhook.hpp"

namespace hookline {

class WebhookRegistry;

/// Who wants to hear of an import.
struct Match {
  Event event = Event::import_completed;
  std::vector<std::shared_ptr<const Webhook>> webhooks;  ///< each once, in the order of their ids
  /// Those that would, but are disabled.
  std::vector<std::shared_ptr<const Webhook>> disabled;
  bool basic = false;  ///< the import's own webhook fires
};

/// Finds the webhooks that an import fires. Usable from many threads at once; refers to the
/// registry, which must outlive it.
class HOOKLINE_API EventMatcher {
 public:
  explicit EventMatcher(const WebhookRegistry& registry) : registry_(registry) {}
  explicit EventMatcher(WebhookRegistry&&) = delete;  // it would be gone before the first match

  /// A managed webhook fires if tenant and mode are equal, one of its triggers hits, its filter
  /// lets the event through, and it is not disabled. The basic webhook fires for completed imports
  /// only, whatever the registry says.
  ///
  /// `invalid_import` if the id is empty, `no_event_for_state` if the import raises no event.
  [[nodiscard]] Result<Match> match(const Import& import) const;

 private:
  const WebhookRegistry& registry_;
};

}  // namespace hookline
