// A registry and the store that it lives in, with a store that a test holds in its hands.
#include <algorithm>
#include <atomic>
#include <map>
#include <mutex>

#include "catch.hpp"
#include "hookline/webhook_registry.hpp"

using namespace hookline;

namespace {

/// Keeps what several registries write, and says so only when it is told to.
class SharedWebhooks final : public WebhookStore {
 public:
  Result<WebhookChanges> changes(std::uint64_t since) const override {
    if (failing) return tl::unexpected<Error>(Error{ErrorCode::store_failed, "store: no disk"});
    WebhookChanges changes;
    changes.version = version_;
    for (const auto& [id, row] : rows_) {
      if (row.version > since) changes.webhooks.push_back(row.webhook);
    }
    return changes;
  }

  Result<std::uint64_t> write(const std::vector<WebhookWrite>& writes) override {
    for (const WebhookWrite& write : writes) {
      const StoredWebhook& there = rows_[write.webhook.id].webhook;
      const std::uint64_t revision = there.document.empty() ? 0 : there.revision;
      if (revision == write.from_revision) continue;
      return tl::unexpected<Error>(Error{ErrorCode::revision_conflict, "somebody was faster"});
    }
    for (const WebhookWrite& write : writes) rows_[write.webhook.id] = {write.webhook, ++version_};
    return version_;
  }

  std::shared_ptr<void> on_foreign_write(std::function<void()> changed) override {
    listeners_.push_back(std::move(changed));
    return std::make_shared<int>();
  }

  /// What stands there of a webhook becomes this, as if somebody else had written it.
  void overwrite(const std::string& id, std::string document) {
    Row& row = rows_[id];
    row.webhook.id = id;
    ++row.webhook.revision;
    row.webhook.document = Secret(std::move(document));
    row.version = ++version_;
  }

  std::atomic<bool> failing{false};

  void tell() const {
    for (const auto& changed : listeners_) changed();
  }

 private:
  struct Row {
    StoredWebhook webhook;
    std::uint64_t version = 0;
  };
  std::map<std::string, Row> rows_;
  std::uint64_t version_ = 0;
  std::vector<std::function<void()>> listeners_;
};

Webhook webhook_to(std::string url) {
  Webhook webhook;
  webhook.id = "crm";
  webhook.url = std::move(url);
  webhook.all_imports = true;
  return webhook;
}

}  // namespace

TEST_CASE("A webhook that was removed and added anew elsewhere is seen as the new one") {
  const auto store = std::make_shared<SharedWebhooks>();
  const auto one = WebhookRegistry::open(store).value();
  const auto other = WebhookRegistry::open(store).value();
  REQUIRE(one->add(webhook_to("https://old.example.com/")));
  store->tell();
  REQUIRE(other->remove("crm"));
  REQUIRE(other->add(webhook_to("https://new.example.com/")));
  store->tell();
  CHECK(one->get("crm")->url == "https://new.example.com/");
}

TEST_CASE("A webhook that comes back under its id goes on with the revision of the one before") {
  const auto store = std::make_shared<SharedWebhooks>();
  const auto one = WebhookRegistry::open(store).value();
  const auto other = WebhookRegistry::open(store).value();
  const Webhook first = one->add(webhook_to("https://old.example.com/")).value();
  CHECK(first.revision == 1);
  REQUIRE(one->remove("crm"));
  SECTION("by add") { CHECK(one->add(webhook_to("https://new.example.com/"))->revision == 2); }
  SECTION("by add, in another process") {
    store->tell();
    CHECK(other->add(webhook_to("https://new.example.com/"))->revision == 2);
  }
  SECTION("by load") {
    REQUIRE(one->load_json(
        R"({"version":1,"webhooks":[{"id":"crm","url":"https://new.example.com/","all_imports":true}]})"));
    CHECK(one->get("crm")->revision == 2);
  }
  // What was ordered for the first one does not hit the second.
  store->tell();
  CHECK(one->disable("crm", "410 Gone", first.revision).error().code ==
        ErrorCode::revision_conflict);
}

TEST_CASE("A webhook that cannot be read stays as it was, and is told of; others come in") {
  const auto store = std::make_shared<SharedWebhooks>();
  const auto one = WebhookRegistry::open(store).value();
  const auto other = WebhookRegistry::open(store).value();
  std::vector<Error> faults;
  const auto handle = other->on_fault([&](const Error& fault) { faults.push_back(fault); });
  REQUIRE(one->add(webhook_to("https://old.example.com/")));
  store->tell();
  CHECK(faults.empty());

  store->overwrite("crm", "{damaged");
  Webhook second = webhook_to("https://second.example.com/");
  second.id = "zoo";
  REQUIRE(one->add(second));
  store->tell();
  CHECK(other->get("crm")->url == "https://old.example.com/");
  CHECK(other->get("zoo"));
  REQUIRE(faults.size() == 1);
  CHECK(faults[0].code == ErrorCode::invalid_registry_document);
  CHECK(faults[0].message.find("webhook \"crm\"") == 0);

  const auto late = WebhookRegistry::open(store);
  CHECK(late.error().code == ErrorCode::invalid_registry_document);
}

TEST_CASE("A document of no webhook, of another one or of another revision is not read") {
  const std::string fields = R"(,"url":"https://new.example.com/","all_imports":true)";
  for (const std::string& webhooks :
       {std::string(), R"({"id":"else","revision":1)" + fields + "}",
        R"({"id":"crm","revision":9)" + fields + "}", R"({"id":"crm")" + fields + "}",
        R"({"id":"crm","revision":1)" + fields + R"(},{"id":"b","revision":1)" + fields + "}"}) {
    INFO(webhooks);
    const auto store = std::make_shared<SharedWebhooks>();
    store->overwrite("crm", R"({"version":1,"webhooks":[)" + webhooks + "]}");
    const auto opened = WebhookRegistry::open(store);
    REQUIRE_FALSE(opened);
    CHECK(opened.error().code == ErrorCode::invalid_registry_document);
    CHECK(opened.error().message.find("webhook \"crm\": ") == 0);
  }
}

TEST_CASE("A document that was written into the store by hand, without times, can be changed") {
  const auto store = std::make_shared<SharedWebhooks>();
  store->overwrite("crm", R"({"version":1,"webhooks":[{"id":"crm","revision":1,)"
                          R"("url":"https://new.example.com/","all_imports":true}]})");
  CHECK(WebhookRegistry::open(store).value()->pause("crm")->revision == 2);
  CHECK(WebhookRegistry::open(store).value()->get("crm")->state == WebhookState::paused);
}

TEST_CASE("An error from open says how many webhooks cannot be read") {
  const auto store = std::make_shared<SharedWebhooks>();
  for (const char* id : {"a", "b", "c"}) store->overwrite(id, "{damaged");
  const auto opened = WebhookRegistry::open(store);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message.find("webhook \"a\": ") == 0);
  CHECK(opened.error().message.find("; and 2 more cannot be read") != std::string::npos);
}

TEST_CASE("A store that fails while others write is told of, and caught up with later") {
  const auto store = std::make_shared<SharedWebhooks>();
  const auto one = WebhookRegistry::open(store).value();
  const auto other = WebhookRegistry::open(store).value();
  std::vector<ErrorCode> faults;
  const auto handle = other->on_fault([&](const Error& fault) { faults.push_back(fault.code); });
  REQUIRE(one->add(webhook_to("https://old.example.com/")));
  store->failing = true;
  store->tell();
  CHECK(faults == std::vector<ErrorCode>{ErrorCode::store_failed});
  CHECK_FALSE(other->get("crm"));
  store->failing = false;
  store->tell();
  CHECK(other->get("crm"));
}

TEST_CASE("A webhook that only this process's policy has disabled can be disabled for all") {
  const auto store = std::make_shared<SharedWebhooks>();
  AddressPolicyOptions open;
  open.allow_http = true;
  const auto lax = WebhookRegistry::open(store, AddressPolicy::create(open).value()).value();
  const auto strict = WebhookRegistry::open(store).value();
  REQUIRE(lax->add(webhook_to("http://old.example.com/")));
  store->tell();
  CHECK(strict->get("crm")->state == WebhookState::disabled);
  CHECK(lax->get("crm")->state == WebhookState::enabled);
  REQUIRE(strict->disable("crm", "by the operator"));
  store->tell();
  CHECK(lax->get("crm")->state == WebhookState::disabled);
  CHECK(lax->get("crm")->disabled_reason == "by the operator");
  const std::uint64_t revision = strict->get("crm")->revision;
  CHECK(strict->disable("crm", "again")->revision == revision);
}
