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
  for (auto& webhook : registry_.candidates(import)) {
    if (!wants(*webhook, *event)) continue;
    const bool disabled = webhook->state == WebhookState::disabled;
    (disabled ? match.disabled : match.webhooks).push_back(std::move(webhook));
  }
  match.basic = *event == Event::import_completed && import.webhook_url.has_value();
  return match;
}

}  // namespace hookline
