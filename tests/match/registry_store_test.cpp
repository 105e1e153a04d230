// A registry and the store that it lives in, with a store that a test holds in its hands.
#include <algorithm>
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
