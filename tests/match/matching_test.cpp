#include <algorithm>

#include "hookline/event_matcher.hpp"
#include "match/sample_webhook.hpp"

using namespace hookline;
using namespace hookline::test;

namespace {

Ids matched(const WebhookRegistry& registry, const Import& import) {
  return ids_of(registry.candidates(import));
}

Import headless(ImportStatus status) {
  Import import = sample_import();
  import.import_type = ImportType::headless;
  import.status = status;
  return import;
}

}  // namespace

TEST_CASE("An import fires a webhook by its identifier or by its saved schema") {
  WebhookRegistry registry;
  Webhook webhook = sample_webhook("either", "contacts");
  webhook.saved_schema_ids = {"schema-1"};
  value_of(registry.add(webhook));

  Import import = sample_import("contacts");
  CHECK(matched(registry, import) == Ids{"either"});
  import.import_identifier = "other";
  CHECK(matched(registry, import) == Ids{});
  import.saved_schema_id = "schema-1";
  CHECK(matched(registry, import) == Ids{"either"});
  import.import_identifier.reset();
  CHECK(matched(registry, import) == Ids{"either"});
  import.saved_schema_id.reset();
  CHECK(matched(registry, import) == Ids{});
}

TEST_CASE("A list's values are no triggers of the other list") {
  WebhookRegistry registry;
  value_of(registry.add(sample_webhook("a", "x")));
  Import import = sample_import();
  import.import_identifier.reset();
  import.saved_schema_id = "x";
  CHECK(matched(registry, import) == Ids{});
}

TEST_CASE("A webhook is matched once however many of its triggers hit, in the order of ids") {
  WebhookRegistry registry;
  for (const char* id : {"c", "a", "b"}) {
    Webhook webhook = sample_webhook(id, "contacts");
    webhook.saved_schema_ids = {"schema-1"};
    value_of(registry.add(webhook));
  }
  Webhook all = sample_webhook("aa");
  all.import_identifiers.clear();
  all.all_imports = true;
  value_of(registry.add(all));

  Import import = sample_import("contacts");
  import.saved_schema_id = "schema-1";
  CHECK(matched(registry, import) == Ids{"a", "aa", "b", "c"});
}

TEST_CASE("A webhook fires for imports of its tenant and mode only") {
  WebhookRegistry registry;
  Webhook webhook = sample_webhook("acme");
  webhook.tenant = "acme";
  webhook.development_mode = true;
  value_of(registry.add(webhook));
  Webhook all = sample_webhook("all-of-acme");
  all.tenant = "acme";
  all.import_identifiers.clear();
  all.all_imports = true;
  value_of(registry.add(all));

  Import import = sample_import();
  import.tenant = "acme";
  CHECK(matched(registry, import) == Ids{"all-of-acme"});
  import.development_mode = true;
  CHECK(matched(registry, import) == Ids{"acme"});
  for (const char* other : {"", "Acme", "acme ", "acm"}) {
    import.tenant = other;
    CHECK(matched(registry, import) == Ids{});
  }
}

TEST_CASE("Tenant and identifier are not run together") {
  WebhookRegistry registry;
  Webhook webhook = sample_webhook("a", "bc");
  webhook.tenant = "a";
  value_of(registry.add(webhook));
  Import import = sample_import("c");
  import.tenant = "ab";
  CHECK(matched(registry, import) == Ids{});
}

TEST_CASE("Identifiers are compared byte for byte") {
  WebhookRegistry registry;
  value_of(registry.add(sample_webhook("plain", "contacts")));
  value_of(registry.add(sample_webhook("upper", "Contacts")));
  value_of(registry.add(sample_webhook("space", "contacts ")));
  value_of(registry.add(sample_webhook("composed", "caf\xc3\xa9")));
  value_of(registry.add(sample_webhook("decomposed", "cafe\xcc\x81")));
  CHECK(matched(registry, sample_import("contacts")) == Ids{"plain"});
  CHECK(matched(registry, sample_import("Contacts")) == Ids{"upper"});
  CHECK(matched(registry, sample_import("contacts ")) == Ids{"space"});
  CHECK(matched(registry, sample_import("caf\xc3\xa9")) == Ids{"composed"});
  CHECK(matched(registry, sample_import("cafe\xcc\x81")) == Ids{"decomposed"});
  CHECK(matched(registry, sample_import("CONTACTS")) == Ids{});
  CHECK(matched(registry, sample_import(std::string("contacts\0", 9))) == Ids{});
  CHECK(matched(registry, sample_import("")) == Ids{});
}

TEST_CASE("Paused webhooks are matched, and disabled ones are told apart") {
  WebhookRegistry registry;
  Webhook paused = sample_webhook("paused");
  paused.state = WebhookState::paused;
  Webhook disabled = sample_webhook("disabled");
  disabled.state = WebhookState::disabled;
  value_of(registry.add(paused));
  Webhook stored = value_of(registry.add(disabled));
  const Match match = value_of(EventMatcher(registry).match(sample_import()));
  REQUIRE(match.webhooks.size() == 1);
  CHECK(match.webhooks[0]->id == "paused");
  REQUIRE(match.disabled.size() == 1);
  CHECK(match.disabled[0]->id == "disabled");
  stored.state = WebhookState::enabled;
  value_of(registry.update(stored));
  CHECK(value_of(EventMatcher(registry).match(sample_import())).disabled.empty());
}

TEST_CASE("An update or removal takes the old triggers away") {
  WebhookRegistry registry;
  Webhook webhook = value_of(registry.add(sample_webhook("a", "old")));
  webhook.import_identifiers = {"new"};
  value_of(registry.update(webhook));
  CHECK(matched(registry, sample_import("old")) == Ids{});
  CHECK(matched(registry, sample_import("new")) == Ids{"a"});
  REQUIRE(registry.remove("a"));
  CHECK(matched(registry, sample_import("new")) == Ids{});
}

TEST_CASE("A hundred thousand webhooks on one trigger can be added, matched and removed") {
  WebhookRegistry registry;
  constexpr std::size_t kCount = 100'000;
  for (std::size_t i = 0; i < kCount; ++i) REQUIRE(registry.add(sample_webhook()));
  const auto found = registry.candidates(sample_import());
  REQUIRE(found.size() == kCount);
  REQUIRE(std::is_sorted(found.begin(), found.end(),
                         [](const auto& a, const auto& b) { return a->id < b->id; }));
  for (std::size_t i = 0; i + 1 < kCount; ++i) REQUIRE(registry.remove(found[i]->id));
  CHECK(matched(registry, sample_import()) == Ids{found.back()->id});
}

TEST_CASE("A filter lets its events through and no others") {
  WebhookRegistry registry;
  Webhook failed = sample_webhook("failed");
  failed.events = {Event::headless_import_failed};
  value_of(registry.add(failed));
  value_of(registry.add(sample_webhook("every")));
  const EventMatcher matcher(registry);
  const auto match_of = [&](ImportStatus status) {
    return value_of(matcher.match(headless(status)));
  };
  CHECK(ids_of(match_of(ImportStatus::successful).webhooks) == Ids{"every"});
  CHECK(ids_of(match_of(ImportStatus::needs_review).webhooks) == Ids{"every"});
  const Match match = match_of(ImportStatus::failed);
  CHECK(ids_of(match.webhooks) == Ids{"every", "failed"});
  CHECK(match.event == Event::headless_import_failed);
}

TEST_CASE("The basic webhook fires on completed imports, whatever the registry says") {
  const WebhookRegistry registry;
  const EventMatcher matcher(registry);
  Import import = headless(ImportStatus::successful);
  CHECK_FALSE(value_of(matcher.match(import)).basic);
  import.webhook_url = "https://hooks.acme.com/basic";
  CHECK(value_of(matcher.match(import)).basic);
  import.development_mode = true;
  CHECK(value_of(matcher.match(import)).basic);
  import.import_type = ImportType::embedded;
  CHECK(value_of(matcher.match(import)).basic);
  import.import_type = ImportType::headless;
  import.status = ImportStatus::needs_review;
  CHECK_FALSE(value_of(matcher.match(import)).basic);
  import.status = ImportStatus::failed;
  CHECK_FALSE(value_of(matcher.match(import)).basic);
}

TEST_CASE("An import without an id or in a state without an event is refused") {
  const WebhookRegistry registry;
  const EventMatcher matcher(registry);
  Import import = sample_import();
  import.status = ImportStatus::running;
  const auto running = matcher.match(import);
  REQUIRE_FALSE(running);
  CHECK(running.error().code == ErrorCode::no_event_for_state);
  CHECK_THAT(running.error().message, Catch::Contains("RUNNING"));
  import.id.clear();
  const auto nameless = matcher.match(import);
  REQUIRE_FALSE(nameless);
  CHECK(nameless.error().code == ErrorCode::invalid_import);
}
