// What a registry loads it saves, and what it saves it loads as the same.
#include "fuzz.hpp"
#include "hookline/webhook_registry.hpp"

namespace hookline::fuzz {
namespace {

bool has_secret(const WebhookRegistry& registry) {
  WebhookQuery query;
  query.limit = 1000;
  const auto page = registry.list(query);
  for (const Webhook& webhook : page->webhooks) {
    if (!webhook.secrets.empty() || webhook.bearer_token || webhook.basic_auth ||
        webhook.client_certificate) {
      return true;
    }
  }
  return false;
}

void check_loaded(const WebhookRegistry& registry, std::string_view input) {
  const std::string saved = registry.to_json(Secrets::revealed);
  WebhookRegistry other;
  const auto report = other.load_json(saved);
  promise(report.has_value(), "what was saved can be loaded", saved);
  promise(report->loaded == registry.size(), "all of it is loaded", saved);
  promise(other.to_json(Secrets::revealed) == saved, "and is saved as the same bytes", saved);

  const std::string redacted = registry.to_json();
  WebhookRegistry third;
  promise(third.load_json(redacted).has_value() != has_secret(registry),
          "a document without its secrets is refused", input);
}

}  // namespace

void check(std::string_view input) {
  WebhookRegistry registry;
  const auto report = registry.load_json(input);
  if (!report) {
    promise(report.error().code == ErrorCode::invalid_registry_document,
            "what cannot be loaded is an invalid document");
    promise(registry.size() == 0, "and changes nothing");
    return;
  }
  promise(report->loaded == registry.size(), "the report tells how many there are");
  check_loaded(registry, input);
}

}  // namespace hookline::fuzz
