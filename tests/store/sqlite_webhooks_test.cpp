// A registry that lives in the file of the deliveries.
#include <atomic>
#include <thread>

#include "catch.hpp"
#include "fakes/samples.hpp"
#include "hookline/signer.hpp"
#include "hookline/sqlite_store.hpp"
#include "hookline/webhook_registry.hpp"
#include "store/sqlite_file.hpp"

using namespace hookline;
using namespace hookline::fakes;
using namespace std::chrono_literals;

namespace {

/// A process's view of the file: its store and its registry.
struct Process {
  explicit Process(const SqliteFile& file)
      : store(file.open()),
        registry(WebhookRegistry::open(store->webhooks(), loopback_policy()).value()) {}

  std::unique_ptr<SqliteStore> store;
  std::unique_ptr<WebhookRegistry> registry;
};

}  // namespace

TEST_CASE("Webhooks of a registry in a store are there when it is opened again, secrets too") {
  const SqliteFile file;
  Webhook webhook = webhook_to();
  webhook.secrets = {generate_secret().value()};
  webhook.bearer_token = Secret("token");
  webhook.ordering = Ordering::fifo;
  webhook.rate_limit = 2.5;
  {
    Process process(file);
    webhook = process.registry->add(webhook).value();
    REQUIRE(process.registry->add(webhook_to("https://other.example.com/", "gone")));
    REQUIRE(process.registry->remove("gone"));
    webhook.description = "changed";
    webhook = process.registry->update(webhook).value();
  }
  const Process again(file);
  CHECK(again.registry->size() == 1);
  const Webhook found = again.registry->find(webhook.id).value();
  CHECK(found.description == "changed");
  CHECK(found.revision == webhook.revision);
  CHECK(found.secrets == webhook.secrets);
  CHECK(found.bearer_token == webhook.bearer_token);
  CHECK(found.ordering == Ordering::fifo);
  CHECK(found.rate_limit == 2.5);
  CHECK(found.created_at == webhook.created_at);
}

TEST_CASE("Of two processes that edit one webhook, the slower one is told") {
  const SqliteFile file;
  Process one(file);
  Webhook webhook = one.registry->add(webhook_to()).value();
  Process two(file);
  Webhook theirs = two.registry->find(webhook.id).value();
  webhook.description = "one";
  REQUIRE(one.registry->update(webhook));
  theirs.description = "two";
  const auto outdated = two.registry->update(theirs);
  REQUIRE_FALSE(outdated);
  CHECK(outdated.error().code == ErrorCode::revision_conflict);
  // It has learned of the other's edit by now, and can repeat its own.
  theirs = two.registry->find(webhook.id).value();
  CHECK(theirs.description == "one");
  theirs.description = "two";
  CHECK(two.registry->update(theirs));
}

TEST_CASE("An id that another process has taken is taken, and one that it removed is gone") {
  const SqliteFile file;
  Process one(file);
  Process two(file);
  REQUIRE(one.registry->add(webhook_to("https://a.example.com/", "crm")));
  CHECK(two.registry->add(webhook_to("https://b.example.com/", "crm")).error().code ==
        ErrorCode::webhook_exists);
  REQUIRE(two.registry->remove("crm"));
  CHECK(one.registry->remove("crm").error().code == ErrorCode::webhook_not_found);
  CHECK(one.registry->add(webhook_to("https://c.example.com/", "crm")));
}

TEST_CASE("A change of another process is seen within a second, and the listeners hear of it") {
  const SqliteFile file;
  Process one(file);
  Process two(file);
  std::atomic<int> told{0};
  const auto subscription = two.registry->on_change([&](const Webhook&) { ++told; });
  const Webhook webhook = one.registry->add(webhook_to()).value();
  const auto seen_within_a_second = [&](auto condition) {
    const auto deadline = std::chrono::steady_clock::now() + 1s;
    while (!condition() && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(1ms);
    }
    return condition();
  };
  CHECK(seen_within_a_second([&] { return two.registry->find(webhook.id).has_value(); }));
  CHECK(seen_within_a_second([&] { return told == 1; }));
  REQUIRE(one.registry->pause(webhook.id));
  CHECK(seen_within_a_second(
      [&] { return two.registry->find(webhook.id)->state == WebhookState::paused; }));
  REQUIRE(one.registry->remove(webhook.id));
  CHECK(seen_within_a_second([&] { return two.registry->size() == 0; }));
}

TEST_CASE("A document that is loaded replaces what is in the store, in one piece") {
  const SqliteFile file;
  Process one(file);
  REQUIRE(one.registry->add(webhook_to("https://a.example.com/", "stays")));
  REQUIRE(one.registry->add(webhook_to("https://b.example.com/", "goes")));
  REQUIRE(one.registry->load_json(
      R"({"version":1,"webhooks":[)"
      R"({"id":"stays","url":"https://a2.example.com/","import_identifiers":["x"]},)"
      R"({"id":"comes","url":"https://c.example.com/","import_identifiers":["x"]}]})"));
  const Process again(file);
  CHECK(again.registry->size() == 2);
  CHECK(again.registry->find("stays")->url == "https://a2.example.com/");
  CHECK(again.registry->find("comes"));
  CHECK_FALSE(again.registry->find("goes"));
}

TEST_CASE("A webhook that the policy refuses today is disabled where it is opened") {
  const SqliteFile file;
  {
    Process lax(file);
    REQUIRE(lax.registry->add(webhook_to("http://127.0.0.1:8080/", "local")));
  }
  const auto store = file.open();
  const auto strict = WebhookRegistry::open(store->webhooks()).value();
  const Webhook found = strict->find("local").value();
  CHECK(found.state == WebhookState::disabled);
  CHECK(found.disabled_reason.substr(0, 5) == "url: ");
  CHECK(Process(file).registry->find("local")->state == WebhookState::enabled);
}
