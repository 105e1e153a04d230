#include <malloc.h>

#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "hookline/sealed_webhooks.hpp"
#include "hookline/secret.hpp"
#include "hookline/signer.hpp"
#include "hookline/webhook_registry.hpp"
#include "sign/base64.hpp"

namespace {

/// Base64 of 24 times the byte `3`, and these bytes themselves.
constexpr std::string_view kText = "MzMzMzMzMzMzMzMzMzMzMzMzMzMzMzMz";
constexpr std::string_view kBytes = "333333333333333333333333";

std::atomic<bool> watching{false};
std::atomic<int> seen{0};

/// Looks for key material in memory that goes back to the heap.
void release(void* memory) {
  if (memory != nullptr && watching) {
    const std::string_view content(static_cast<const char*>(memory), malloc_usable_size(memory));
    if (content.find(kText) != content.npos || content.find(kBytes) != content.npos) ++seen;
  }
  std::free(memory);
}

/// How many blocks with key material were given back while it ran.
template <class Action>
int leaks_of(Action action) {
  seen = 0;
  watching = true;
  action();
  watching = false;
  return seen;
}

std::string secret_text() { return "whsec_" + std::string(kText); }

}  // namespace

void* operator new(std::size_t size) {
  void* memory = std::malloc(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(std::size_t size, const std::nothrow_t&) noexcept { return std::malloc(size); }
void operator delete(void* memory) noexcept { release(memory); }
void operator delete(void* memory, std::size_t) noexcept { release(memory); }
void operator delete(void* memory, const std::nothrow_t&) noexcept { release(memory); }

namespace {

TEST_CASE("the watch over the heap sees text that was not wiped") {
  CHECK(leaks_of([] { secret_text(); }) > 0);
}

TEST_CASE("a secret wipes its text and the string that it came in") {
  std::string text = secret_text();
  CHECK(leaks_of([&] { const hookline::Secret secret(std::move(text)); }) == 0);
}

TEST_CASE("decoded base64 is wiped") {
  CHECK(leaks_of([] { CHECK(hookline::detail::decode_base64(kText)->size() == kBytes.size()); }) ==
        0);
}

TEST_CASE("a signer wipes the strings that its secrets came in, also when it refuses them") {
  for (const char* last : {"", "whsec_%"}) {
    std::vector<std::string> secrets;
    secrets.push_back(secret_text());
    if (*last != '\0') secrets.push_back(last);
    CHECK(leaks_of([&] {
            CHECK(hookline::Signer::create(std::move(secrets)).has_value() == (*last == '\0'));
          }) == 0);
  }
}

TEST_CASE("verifying leaves no key behind") {
  const std::vector<std::string> secrets = {secret_text()};
  CHECK(leaks_of([&] {
          CHECK_FALSE(hookline::verify(secrets, {"a", "1", "v1,"}, "{}", {}));
        }) == 0);
}

/// Where each secret of a webhook is key material.
std::string registry_document() {
  return R"({"version":1,"webhooks":[{"id":"crm","url":"https://example.com/","all_imports":true,)"
         R"("bearer_token":")" +
         std::string(kBytes) + R"(","secrets":[")" + secret_text() + R"("]}]})";
}

/// Keeps what it is given in the memory of the test.
class KeptWebhooks final : public hookline::WebhookStore {
 public:
  hookline::Result<hookline::WebhookChanges> changes(std::uint64_t) const override {
    return hookline::WebhookChanges{{kept_.begin(), kept_.end()}, kept_.size()};
  }
  hookline::Result<std::uint64_t> write(
      const std::vector<hookline::WebhookWrite>& writes) override {
    for (const hookline::WebhookWrite& write : writes) kept_.push_back(write.webhook);
    return kept_.size();
  }
  std::shared_ptr<void> on_foreign_write(std::function<void()>) override { return nullptr; }

 private:
  std::vector<hookline::StoredWebhook> kept_;
};

TEST_CASE("a registry leaves nothing behind of a document that it loads, whether it likes it") {
  const std::string document = registry_document();
  std::string broken = document;
  broken.replace(broken.rfind("]}]}"), 4, "],\"urll\":1}]}");
  CHECK(leaks_of([&] {
          hookline::WebhookRegistry registry;
          CHECK(registry.load_json(document));
          CHECK_FALSE(registry.load_json(broken));
          CHECK_FALSE(
              registry.load_json(std::string_view(document).substr(0, document.size() - 2)));
        }) == 0);
}

TEST_CASE("a registry that keeps its webhooks in a store leaves nothing behind, sealed or not") {
  const std::string document = registry_document();
  CHECK(leaks_of([&] {
          const auto kept = std::make_shared<KeptWebhooks>();
          const auto registry = hookline::WebhookRegistry::open(kept).value();
          CHECK(registry->load_json(document));
          CHECK(registry->pause("crm"));
          CHECK(hookline::WebhookRegistry::open(kept).value()->size() == 1);
        }) == 0);
  CHECK(leaks_of([&] {
          const auto kept = std::make_shared<KeptWebhooks>();
          std::vector<hookline::SealingKey> keys;
          keys.push_back({"key", hookline::Secret(std::string(32, 'k'))});
          const auto sealed = hookline::SealedWebhooks::create(kept, std::move(keys)).value();
          CHECK(hookline::WebhookRegistry::open(sealed).value()->load_json(document));
          CHECK(hookline::WebhookRegistry::open(sealed).value()->size() == 1);
        }) == 0);
}

}  // namespace
