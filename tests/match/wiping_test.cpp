// What goes through a registry's documents leaves none of its secrets in freed memory.
#include <map>
#include <string>
#include <utility>

#include "catch.hpp"
#include "fakes/freed_memory.hpp"
#include "hookline/sealed_webhooks.hpp"
#include "hookline/webhook_registry.hpp"

using namespace hookline;

namespace {

// Of a secret also the bytes that it stands for: 24 times a 3.
constexpr const char* kSecret = "whsec_MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMz";
constexpr const char* kPassword = "hush-password-0123456789-0123456789";
constexpr const char* kToken = "hush-token-0123456789-0123456789";
const std::vector<std::string_view> kTexts = {"MzMzMzMzMzMzMzMzMzMz", "333333333333333333333333",
                                              "hush-password", "hush-token"};

template <class Action>
int leaks_of(Action&& action) {
  return fakes::leaks_of(kTexts, std::forward<Action>(action));
}

std::string document(const std::string& more = "", const std::string& end = "") {
  return R"({"version":1,"webhooks":[{"id":"basic","revision":1,"url":"https://a.example.com/",)"
         R"("all_imports":true,"basic_auth":{"username":"user","password":")" +
         std::string(kPassword) + R"("},"secrets":[")" + kSecret + "\"" + more +
         R"(]},{"id":"bearer","url":"https://b.example.com/","all_imports":true,"bearer_token":")" +
         kToken + "\"" + end + "}]}";
}

Webhook webhook_with_secrets() {
  Webhook webhook;
  webhook.id = "crm";
  webhook.url = "https://crm.example.com/";
  webhook.all_imports = true;
  webhook.basic_auth = BasicCredentials{"user", Secret(kPassword)};
  webhook.secrets = {Secret(kSecret)};
  return webhook;
}

class Shelf final : public WebhookStore {
 public:
  Result<WebhookChanges> changes(std::uint64_t) const override {
    WebhookChanges changes;
    for (const auto& [id, webhook] : webhooks_) changes.webhooks.push_back(webhook);
    changes.version = version_;
    return changes;
  }
  Result<std::uint64_t> write(const std::vector<WebhookWrite>& writes) override {
    for (const WebhookWrite& write : writes) webhooks_[write.webhook.id] = write.webhook;
    return version_ += writes.size();
  }
  std::shared_ptr<void> on_foreign_write(std::function<void()>) override { return nullptr; }

 private:
  std::map<std::string, StoredWebhook> webhooks_;
  std::uint64_t version_ = 0;
};

void check_load(const std::string& json, bool loads) {
  INFO(json);
  WebhookRegistry registry;
  bool loaded = false;
  CHECK(leaks_of([&] { loaded = registry.load_json(json).has_value(); }) == 0);
  CHECK(loaded == loads);
}

}  // namespace

TEST_CASE("What a registry gives back in the clear is seen by the watch over the heap") {
  CHECK(leaks_of([] { static_cast<void>(document()); }) > 0);
}

TEST_CASE("Loading a document leaves none of its secrets behind, also when it is refused") {
  check_load(document(), true);
  check_load(document() + "x", false);
  check_load(document().substr(0, document().size() - 1), false);
  check_load(document("", R"(,"unknown":1)"), false);
  check_load(document(R"(,"[redacted]")"), false);
  check_load(document(R"(,"whsec_MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMz\udc00")"), false);
  check_load(document(R"(,"whsec_MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMz\u0000")"), false);
  // Longer than a small string, and unfit: loaded as disabled.
  check_load(document(R"(,"MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMz not a secret")"), true);
}

TEST_CASE("Loading what escapes the letters of a secret leaves none of it behind") {
  std::string escaped;
  for (const char c : std::string(kPassword)) {
    constexpr char kHex[] = "0123456789abcdef";
    escaped += std::string("\\u00") + kHex[c >> 4] + kHex[c & 15];
  }
  check_load(R"({"version":1,"webhooks":[{"url":"https://a.example.com/","all_imports":true,)"
             R"("basic_auth":{"username":"user","password":")" +
                 escaped + R"("}}]})",
             true);
}

TEST_CASE(
    "Saving with secrets revealed leaves them in the text that is returned and nowhere else") {
  WebhookRegistry registry;
  REQUIRE(registry.load_json(document()));
  std::string saved;
  CHECK(leaks_of([&] { saved = registry.to_json(Secrets::revealed); }) == 0);
  CHECK(saved.find(kPassword) != std::string::npos);
  CHECK(leaks_of([&] { static_cast<void>(registry.to_json()); }) == 0);
  CHECK(leaks_of([&] { const Secret wiped(std::move(saved)); }) == 0);
}

TEST_CASE("Adding, changing and removing a webhook leaves nothing of its secrets behind") {
  const auto store = std::make_shared<Shelf>();
  const auto registry = WebhookRegistry::open(store).value();
  const Webhook webhook = webhook_with_secrets();
  CHECK(leaks_of([&] {
          Webhook changed = registry->add(webhook).value();
          changed.description = "changed";
          changed = registry->update(changed).value();
          CHECK(registry->pause("crm"));
          CHECK(registry->enable("crm"));
          changed.bearer_token = Secret(kToken);
          CHECK_FALSE(registry->update(changed));  // beside basic_auth
          CHECK(registry->remove("crm"));
        }) == 0);
}

TEST_CASE("What a store keeps, sealed or not, is opened and resealed without a trace") {
  const auto store = std::make_shared<Shelf>();
  REQUIRE(WebhookRegistry::open(store).value()->add(webhook_with_secrets()));
  const std::vector<SealingKey> keys = {{"key-1", Secret(std::string(32, 'k'))},
                                        {"key-2", Secret(std::string(32, 'l'))}};
  CHECK(leaks_of([&] {
          const auto sealed = SealedWebhooks::create(store, {keys[0]}).value();
          CHECK(WebhookRegistry::open(sealed).value()->size() == 1);
          CHECK(sealed->reseal() == 1u);
          CHECK(WebhookRegistry::open(sealed).value()->size() == 1);
          const auto rotated = SealedWebhooks::create(store, {keys[1], keys[0]}).value();
          CHECK(rotated->reseal() == 1u);
          CHECK(WebhookRegistry::open(rotated).value()->remove("crm"));
        }) == 0);
}

TEST_CASE("A key of the seal is wiped, wherever it came from") {
  const std::string text = "key-1 a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=\nkey-2 short\n";
  const std::vector<std::string_view> key = {"a2tra2tra2tra2tra2tra2",
                                             "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"};
  CHECK(fakes::leaks_of(key, [&] {
          CHECK_FALSE(read_sealing_keys(text));
          auto keys = read_sealing_keys(std::string_view(text).substr(0, 50));
          REQUIRE(keys);
          CHECK(SealedWebhooks::create(std::make_shared<Shelf>(), *std::move(keys)));
        }) == 0);
}
