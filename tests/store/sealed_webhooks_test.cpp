// Webhooks that stand sealed in the file.
#include "hookline/sealed_webhooks.hpp"

#include "catch.hpp"
#include "fakes/samples.hpp"
#include "hookline/sqlite_store.hpp"
#include "hookline/webhook_registry.hpp"
#include "store/sqlite_file.hpp"

using namespace hookline;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

SealingKey key(const std::string& id) {
  return {id, Secret(std::string(32, id.empty() ? ' ' : id.back()))};
}

std::shared_ptr<SealedWebhooks> sealed(SqliteStore& store, std::vector<SealingKey> keys) {
  return SealedWebhooks::create(store.webhooks(), std::move(keys)).value();
}

std::unique_ptr<WebhookRegistry> registry_over(std::shared_ptr<WebhookStore> webhooks) {
  auto registry = WebhookRegistry::open(std::move(webhooks), loopback_policy());
  if (!registry) FAIL(registry.error().message);
  return *std::move(registry);
}

/// Every text of it that is worth a secret begins with `Mark`.
Webhook marked_webhook(const std::string& id = "crm") {
  Webhook webhook = webhook_to("https://crm.example.com/?key=Mark-query", id);
  webhook.headers = {{"x-api-key", "Mark-header"}};
  webhook.basic_auth = BasicCredentials{"Mark-user", Secret("Mark-password")};
  webhook.secrets = {Secret("whsec_TUFSS01BUktNQVJLTUFSS01BUktNQVJLTUFSSw==")};
  return webhook;
}

}  // namespace

TEST_CASE("Of a sealed webhook nothing stands in the file but its id") {
  const SqliteFile file;
  {
    const auto store = file.open();
    const auto registry = registry_over(sealed(*store, {key("key-1")}));
    Webhook webhook = registry->add(marked_webhook()).value();
    webhook.description = "Mark-changed";
    REQUIRE(registry->update(webhook));
    REQUIRE(registry->add(marked_webhook("gone")));
    REQUIRE(registry->remove("gone"));
  }
  CHECK(file.files_with("Mark").empty());
  CHECK(file.files_with("TUFSS01BUkt").empty());
  CHECK(file.files_with("crm.example.com").empty());
  CHECK_FALSE(file.files_with("key-1").empty());
  const auto store = file.open();
  const auto registry = registry_over(sealed(*store, {key("key-1")}));
  const Webhook found = registry->find("crm").value();
  CHECK(found.description == "Mark-changed");
  CHECK(found.basic_auth->password == Secret("Mark-password"));
  CHECK(registry->size() == 1);
}

TEST_CASE("Two processes see each other's sealed webhooks") {
  const SqliteFile file;
  const auto store = file.open();
  const auto one = registry_over(sealed(*store, {key("key-1")}));
  const auto other_store = file.open();
  const auto other = registry_over(sealed(*other_store, {key("key-1")}));
  REQUIRE(one->add(marked_webhook()));
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!other->get("crm") && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(1ms);
  }
  REQUIRE(other->get("crm"));
  CHECK(other->get("crm")->secrets == marked_webhook().secrets);
}

TEST_CASE("A sealed webhook does not open without its key, and the error says which") {
  const SqliteFile file;
  const auto store = file.open();
  REQUIRE(registry_over(sealed(*store, {key("key-1")}))->add(marked_webhook()));

  const auto without = WebhookRegistry::open(store->webhooks());
  CHECK(without.error().code == ErrorCode::sealing_key_missing);
  CHECK(without.error().message.find("webhook \"crm\"") != std::string::npos);

  const auto with_other = WebhookRegistry::open(sealed(*store, {key("key-2")}));
  CHECK(with_other.error().code == ErrorCode::sealing_key_missing);
  CHECK(with_other.error().message.find("key \"key-1\"") != std::string::npos);

  const auto with_wrong = WebhookRegistry::open(sealed(*store, {{"key-1", key("key-2").bytes}}));
  CHECK(with_wrong.error().code == ErrorCode::invalid_registry_document);
}

TEST_CASE("A sealed document that is moved to another webhook or revision does not open") {
  const SqliteFile file;
  const auto store = file.open();
  const auto webhooks = store->webhooks();
  REQUIRE(registry_over(sealed(*store, {key("key-1")}))->add(marked_webhook()));
  StoredWebhook moved = webhooks->changes(0)->webhooks.at(0);
  std::uint64_t from = 0;
  SECTION("to another webhook") { moved.id = "other"; }
  SECTION("to a later revision") { from = moved.revision++; }
  REQUIRE(webhooks->write({{moved, from}}));
  const auto opened = WebhookRegistry::open(sealed(*store, {key("key-1")}));
  CHECK(opened.error().code == ErrorCode::invalid_registry_document);
  CHECK(opened.error().message.find('"' + moved.id + '"') != std::string::npos);
}

TEST_CASE("A key is changed by sealing everything anew, and then the old one can go") {
  const SqliteFile file;
  const auto store = file.open();
  REQUIRE(registry_over(sealed(*store, {key("key-1")}))->add(marked_webhook("one")));
  const auto both = sealed(*store, {key("key-2"), key("key-1")});
  const auto running = registry_over(both);
  REQUIRE(running->add(marked_webhook("two")));
  CHECK(both->reseal() == 1u);
  CHECK(both->reseal() == 0u);
  const auto after = registry_over(sealed(*store, {key("key-2")}));
  CHECK(after->size() == 2);
  CHECK(after->get("one")->revision == 1);
  // Who ran meanwhile goes on.
  Webhook webhook = running->find("one").value();
  webhook.description = "changed";
  CHECK(running->update(webhook)->revision == 2);
}

TEST_CASE("Nothing is sealed anew while something does not open") {
  const SqliteFile file;
  const auto store = file.open();
  REQUIRE(registry_over(sealed(*store, {key("key-1")}))->add(marked_webhook("one")));
  const auto refused = sealed(*store, {key("key-2")})->reseal();
  CHECK(refused.error().code == ErrorCode::sealing_key_missing);
  CHECK(registry_over(sealed(*store, {key("key-1")}))->size() == 1);
}

TEST_CASE("What stood there unsealed is read, and leaves no trace when it has been sealed") {
  const SqliteFile file;
  {
    const auto store = file.open();
    REQUIRE(registry_over(store->webhooks())->add(marked_webhook()));
    const auto keys = sealed(*store, {key("key-1")});
    CHECK(registry_over(keys)->get("crm")->basic_auth->username == "Mark-user");
    CHECK(keys->reseal() == 1u);
    CHECK(registry_over(keys)->get("crm")->basic_auth->username == "Mark-user");
  }
  CHECK(file.files_with("Mark").empty());
}

TEST_CASE("Keys that come from a service are asked for once each, and its errors are passed on") {
  const SqliteFile file;
  const auto store = file.open();
  int calls = 0;
  bool up = false;
  const auto source = [&](const std::string& id) -> Result<Secret> {
    ++calls;
    if (up) return key(id).bytes;
    return tl::unexpected<Error>(Error{ErrorCode::system_failed, "the vault is locked"});
  };
  const auto refused = SealedWebhooks::create(store->webhooks(), "key-1", source);
  CHECK(refused.error().message == "the vault is locked");
  up = true;
  const auto webhooks = SealedWebhooks::create(store->webhooks(), "key-1", source).value();
  const auto registry = registry_over(webhooks);
  REQUIRE(registry->add(marked_webhook("one")));
  REQUIRE(registry->add(marked_webhook("two")));
  CHECK(calls == 2);
}

TEST_CASE("Keys that cannot be used are refused, and not shown") {
  const SqliteFile file;
  const auto store = file.open();
  const auto refused = [&](std::vector<SealingKey> keys) {
    return SealedWebhooks::create(store->webhooks(), std::move(keys)).error();
  };
  CHECK(refused({}).code == ErrorCode::invalid_sealing_key);
  CHECK(refused({key("a"), key("a")}).message == "key a: stands twice; take one out");
  CHECK(refused({{"a", Secret("short")}}).message ==
        "key a: has 5 bytes; 32 random ones are needed");
  CHECK(refused({key("a b")}).code == ErrorCode::invalid_sealing_key);
  CHECK(refused({key("")}).code == ErrorCode::invalid_sealing_key);
}

TEST_CASE("A file of keys is read line by line") {
  const std::string line = "key-1 MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
  const auto keys = read_sealing_keys("# the current one first\n" + line + "\r\n\n" + line);
  REQUIRE(keys);
  REQUIRE(keys->size() == 2);
  CHECK((*keys)[0].id == "key-1");
  CHECK((*keys)[0].bytes == Secret("0123456789abcdef0123456789abcdef"));
  CHECK(read_sealing_keys("")->empty());
  for (const char* bad : {"key-1", "key-1 short", "key-1  MDEy", "key-1 MDEy"}) {
    INFO(bad);
    const auto refused = read_sealing_keys(line + "\n" + bad);
    CHECK(refused.error().code == ErrorCode::invalid_sealing_key);
    CHECK(refused.error().message.find("line 2: ") == 0);
  }
}
