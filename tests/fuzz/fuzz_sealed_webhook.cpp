// What was sealed opens as it was; nothing that was made up or changed opens at all.
#include <openssl/rand.h>

#include <memory>

#include "fuzz.hpp"
#include "hookline/sealed_webhooks.hpp"
#include "hookline/webhook_registry.hpp"
#include "match/sealed_document.hpp"

namespace hookline::fuzz {
namespace {

/// A store of one webhook, whose document is whatever is put there.
class OneWebhook final : public WebhookStore {
 public:
  explicit OneWebhook(Secret document) {
    webhook.id = "crm";
    webhook.revision = 1;
    webhook.document = std::move(document);
  }
  Result<WebhookChanges> changes(std::uint64_t) const override {
    return WebhookChanges{{webhook}, 1};
  }
  Result<std::uint64_t> write(const std::vector<WebhookWrite>& writes) override {
    webhook = writes.at(0).webhook;
    return std::uint64_t{1};
  }
  std::shared_ptr<void> on_foreign_write(std::function<void()>) override { return nullptr; }

  StoredWebhook webhook;
};

/// Nobody has this key but this process.
std::shared_ptr<SealedWebhooks> sealed_over(std::shared_ptr<WebhookStore> store) {
  static const Secret key = [] {
    std::string bytes(32, '\0');
    promise(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), 32) == 1, "there is a key");
    return Secret(std::move(bytes));
  }();
  return SealedWebhooks::create(std::move(store), {{"key-1", key}}).value();
}

void check_stranger(std::string_view document) {
  const auto store = std::make_shared<OneWebhook>(Secret(std::string(document)));
  const auto webhooks = sealed_over(store)->changes(0);
  const StoredWebhook& found = webhooks->webhooks.at(0);
  promise(found.fault.has_value() == detail::is_sealed(document), "what was made up does not open",
          document);
  promise(!found.fault || found.document.empty(), "what does not open shows nothing", document);
  static_cast<void>(WebhookRegistry::open(sealed_over(store)));
  static_cast<void>(WebhookRegistry::open(store));
}

void check_round_trip(std::string_view document) {
  if (document.empty()) return;  // it would be a removal
  const auto store = std::make_shared<OneWebhook>(Secret());
  const auto sealed = sealed_over(store);
  WebhookWrite write;
  write.webhook.id = "crm";
  write.webhook.revision = 7;
  write.webhook.document = Secret(std::string(document));
  promise(sealed->write({write}).has_value(), "everything can be sealed");
  const std::string kept(store->webhook.document.reveal());
  const std::string_view hidden = std::string_view(kept).substr(detail::kSealedMark.size() + 6);
  promise(detail::is_sealed(kept) && (document.size() < 8 || !contains(hidden, document)),
          "what is kept is sealed", document);
  promise(sealed->changes(0)->webhooks.at(0).document == write.webhook.document,
          "what was sealed opens as it was", document);

  std::string changed = kept;
  const std::size_t place = detail::kSealedMark.size() + document.size() * 31 % (kept.size() - 16);
  changed[place] = static_cast<char>(changed[place] ^ (1 << document.size() % 8));
  store->webhook.document = Secret(std::move(changed));
  promise(sealed->changes(0)->webhooks.at(0).fault.has_value(), "what was changed does not open",
          document);
}

void check_keys(std::string_view text) {
  const auto keys = read_sealing_keys(text);
  if (!keys) {
    promise(keys.error().message.compare(0, 5, "line ") == 0, "a fault names its line",
            keys.error().message);
    promise(keys.error().message.size() < 400, "and is short", keys.error().message);
    const auto hidden = read_sealing_keys("Hush-Hush-42" + std::string(text));
    promise(hidden || !contains(hidden.error().message, "Hush"), "and shows no key", text);
    return;
  }
  for (const SealingKey& key : *keys) {
    promise(key.bytes.reveal().size() == 32 && !key.id.empty() && key.id.size() <= 64,
            "a key that was read can be used", text);
  }
}

}  // namespace

void check(std::string_view input) {
  check_stranger(input);
  check_stranger(std::string(detail::kSealedMark) + std::string(input));
  check_round_trip(input);
  check_keys(input);
}

}  // namespace hookline::fuzz
