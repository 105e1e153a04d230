#include "hookline/event_matcher.hpp"

#include <algorithm>
#include <utility>

#include "base/fail.hpp"
#include "hookline/webhook_registry.hpp"
#include "match/webhook_check.hpp"

namespace hookline {
namespace {

bool wants(const Webhook& webhook, Event event) {
  const auto& events = webhook.events;
  return events.empty() || std::find(events.begin(), events.end(), event) != events.end();
}

bool is_enabled(const std::shared_ptr<const Webhook>& webhook) {
  return webhook->state != WebhookState::disabled;
}

}  // namespace

Result<Match> EventMatcher::match(const Import& import) const {
  if (import.id.empty()) {
    return detail::fail(ErrorCode::invalid_import, "id: must not be empty; give the import's id");
  }
  if (import.tenant.size() > detail::kMaxTenant) {
    return detail::fail(ErrorCode::invalid_import, "tenant: {} bytes are over the limit of {}",
                        import.tenant.size(), detail::kMaxTenant);
  }
  const Result<Event> event = event_of(import);
  if (!event) return tl::unexpected(event.error());

  Match match;
  match.event = *event;
  auto& webhooks = match.webhooks = registry_.candidates(import);
  const auto wanted = std::remove_if(webhooks.begin(), webhooks.end(),
                                     [&](const auto& webhook) { return !wants(*webhook, *event); });
  const auto disabled = std::stable_partition(webhooks.begin(), wanted, is_enabled);
  match.disabled.assign(disabled, wanted);
  webhooks.erase(disabled, webhooks.end());
  match.basic = *event == Event::import_completed && import.webhook_url.has_value();
  return match;
}

}  // namespace hookline
