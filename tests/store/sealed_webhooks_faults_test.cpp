// What a host and its processes see of sealed webhooks that they cannot open.
#include <atomic>
#include <mutex>
#include <thread>

#include "catch.hpp"
#include "fakes/samples.hpp"
#include "hookline/sealed_webhooks.hpp"
#include "hookline/sqlite_store.hpp"
#include "hookline/webhook_registry.hpp"
#include "store/sqlite_file.hpp"

using namespace hookline;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

SealingKey key(const std::string& id) { return {id, Secret(std::string(32, id.back()))}; }

std::shared_ptr<SealedWebhooks> sealed(SqliteStore& store, std::vector<SealingKey> keys) {
  return SealedWebhooks::create(store.webhooks(), std::move(keys)).value();
}

/// A process that runs, and what it was told.
class Running {
 public:
  explicit Running(std::shared_ptr<WebhookStore> webhooks)
      : registry(WebhookRegistry::open(std::move(webhooks), loopback_policy()).value()),
        handle_(registry->on_fault([this](const Error& fault) {
          const std::lock_guard<std::mutex> lock(mutex_);
          faults_.push_back(fault);
        })) {}

  [[nodiscard]] std::vector<Error> faults() const {
    const std::lock_guard<std::mutex> lock(mutex_);
    return faults_;
  }

  std::unique_ptr<WebhookRegistry> registry;

 private:
  mutable std::mutex mutex_;
  std::vector<Error> faults_;
  std::shared_ptr<void> handle_;  ///< ends first
};

template <class Condition>
bool eventually(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

}  // namespace

TEST_CASE("A change that a running process cannot open is told of once, and the older one stays") {
  const SqliteFile file;
  const auto store = file.open();
  const auto other_store = file.open();
  Running old(sealed(*store, {key("key-1")}));
  const Webhook first = old.registry->add(webhook_to("https://old.example.com/", "crm")).value();
  const Running rotated(sealed(*other_store, {key("key-2"), key("key-1")}));
  Webhook changed = first;
  changed.url = "https://new.example.com/";
  REQUIRE(rotated.registry->update(changed));
  REQUIRE(eventually([&] { return old.faults().size() == 1; }));
  CHECK(old.faults()[0].code == ErrorCode::sealing_key_missing);
  CHECK(old.faults()[0].message.find("webhook \"crm\"") == 0);
  CHECK(old.registry->get("crm")->url == "https://old.example.com/");

  SECTION("it is not overwritten by whoever cannot read it") {
    Webhook mine = first;
    mine.description = "mine";
    CHECK(old.registry->update(mine).error().code == ErrorCode::revision_conflict);
    CHECK(old.registry->remove("crm").error().code == ErrorCode::revision_conflict);
    CHECK(old.registry->disable("crm", "gone").error().code == ErrorCode::revision_conflict);
    const std::string json =
        R"({"version":1,"webhooks":[{"id":"crm","url":"https://mine.example.com/","all_imports":true}]})";
    CHECK(old.registry->load_json(json).error().code == ErrorCode::revision_conflict);
    CHECK(rotated.registry->get("crm")->url == "https://new.example.com/");
    CHECK(old.faults().size() == 1);
  }
  SECTION("the others go on coming in") {
    const auto third = file.open();
    const Running same_key(sealed(*third, {key("key-1"), key("key-2")}));
    REQUIRE(same_key.registry->add(webhook_to("https://other.example.com/", "other")));
    CHECK(eventually([&] { return old.registry->get("other") != nullptr; }));
    CHECK(old.registry->add(webhook_to("https://third.example.com/", "third")));
    CHECK(old.faults().size() == 1);
  }
}

TEST_CASE("What could not be opened comes in with the next change after its key has come") {
  const SqliteFile file;
  const auto store = file.open();
  const auto other_store = file.open();
  std::atomic<bool> knows_second{false};
  const auto source = [&](const std::string& id) -> Result<Secret> {
    if (id == "key-1" || knows_second) return key(id).bytes;
    return tl::unexpected<Error>(Error{ErrorCode::system_failed, "the vault does not answer"});
  };
  const Running one(SealedWebhooks::create(store->webhooks(), "key-1", source).value());
  const Running rotated(sealed(*other_store, {key("key-2"), key("key-1")}));
  REQUIRE(rotated.registry->add(webhook_to("https://new.example.com/", "crm")));
  REQUIRE(eventually([&] { return one.faults().size() == 1; }));
  CHECK(one.faults()[0].message.find("the vault does not answer") != std::string::npos);
  knows_second = true;
  REQUIRE(rotated.registry->add(webhook_to("https://other.example.com/", "other")));
  CHECK(eventually([&] { return one.registry->get("other") && one.registry->get("crm"); }));
  CHECK(one.faults().size() == 1);
}

TEST_CASE("Processes that run go on while everything is sealed with a new key that they know") {
  const SqliteFile file;
  const auto store = file.open();
  Running one(sealed(*store, {key("key-1"), key("key-2")}));
  for (const char* id : {"a", "b", "c"}) {
    REQUIRE(one.registry->add(webhook_to("https://hooks.example.com/", id)));
  }
  const auto other_store = file.open();
  CHECK(sealed(*other_store, {key("key-2"), key("key-1")})->reseal() == 3u);
  Webhook webhook = one.registry->find("a").value();
  webhook.description = "changed";
  CHECK(one.registry->update(webhook)->revision == 2);
  CHECK(one.faults().empty());
}

TEST_CASE("Many webhooks that are sealed leave no trace of what stood there in the clear") {
  const SqliteFile file;
  {
    const auto store = file.open();
    const auto plain = WebhookRegistry::open(store->webhooks(), loopback_policy()).value();
    for (int i = 0; i < 3000; ++i) {
      // In letters that no id is made up of.
      Webhook webhook = webhook_to("https://hooks.example.com/?key=Mark" + std::to_string(i));
      // Of all lengths, so that rows move between pages.
      webhook.description = "Mark " + std::string(static_cast<std::size_t>(i * 37 % 1500), 'x');
      webhook = plain->add(webhook).value();
      if (i % 3 == 0) {
        webhook.description = "Mark";
        REQUIRE(plain->update(webhook));
      }
      if (i % 7 == 0) REQUIRE(plain->remove(webhook.id));
    }
    const auto count = sealed(*store, {key("key-1")})->reseal();
    CHECK(count == plain->size());
  }
  CHECK(file.files_with("Mark").empty());
}
