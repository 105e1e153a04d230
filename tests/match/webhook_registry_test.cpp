#include "hookline/webhook_registry.hpp"

#include <atomic>
#include <chrono>
#include <future>
#include <thread>

#include "base/text.hpp"
#include "match/sample_webhook.hpp"

using namespace hookline;
using namespace hookline::test;

namespace {

template <class T>
ErrorCode code_of(const Result<T>& result) {
  REQUIRE_FALSE(result);
  return result.error().code;
}

}  // namespace

TEST_CASE("A webhook that is added comes back with its id, times and revision") {
  WebhookRegistry registry;
  const auto before = std::chrono::system_clock::now() - std::chrono::milliseconds(1);
  Webhook given = sample_webhook();
  given.revision = 77;
  const Webhook stored = value_of(registry.add(given));
  CHECK(stored.id.size() == 29);
  CHECK(stored.id.substr(0, 3) == "wh_");
  CHECK(detail::is_identifier(stored.id));
  CHECK(stored.id.find_first_of("ILOUilou", 3) == std::string::npos);
  CHECK(stored.revision == 1);
  CHECK(stored.created_at >= before);
  CHECK(stored.updated_at == stored.created_at);
  REQUIRE(registry.find(stored.id));
  CHECK(registry.find(stored.id)->url == given.url);
  CHECK(registry.get(stored.id)->created_at == stored.created_at);
}

TEST_CASE("Ids that are made up differ and sort by age") {
  WebhookRegistry registry;
  const std::string first = value_of(registry.add(sample_webhook())).id;
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const std::string second = value_of(registry.add(sample_webhook())).id;
  CHECK(first < second);
  CHECK(first.substr(13) != second.substr(13));
}

TEST_CASE("An id is given once") {
  WebhookRegistry registry;
  value_of(registry.add(sample_webhook("a")));
  CHECK(code_of(registry.add(sample_webhook("a"))) == ErrorCode::webhook_exists);
  CHECK(registry.size() == 1);
}

TEST_CASE("An update counts the revision on and keeps the birthday") {
  WebhookRegistry registry;
  Webhook webhook = value_of(registry.add(sample_webhook("a")));
  const auto born = webhook.created_at;
  webhook.description = "new";
  webhook.created_at = {};
  webhook = value_of(registry.update(webhook));
  CHECK(webhook.revision == 2);
  CHECK(webhook.created_at == born);
  CHECK(webhook.updated_at >= born);
  CHECK(registry.find("a")->description == "new");
}

TEST_CASE("Of two editors the second is told") {
  WebhookRegistry registry;
  const Webhook read = value_of(registry.add(sample_webhook("a")));
  value_of(registry.update(read));
  CHECK(code_of(registry.update(read)) == ErrorCode::revision_conflict);
  CHECK(registry.find("a")->revision == 2);
}

TEST_CASE("What is not there cannot be changed") {
  WebhookRegistry registry;
  CHECK(code_of(registry.update(sample_webhook("a"))) == ErrorCode::webhook_not_found);
  CHECK(code_of(registry.remove("a")) == ErrorCode::webhook_not_found);
  CHECK(code_of(registry.disable("a", "x")) == ErrorCode::webhook_not_found);
  CHECK_FALSE(registry.find("a"));
  CHECK_FALSE(registry.get("a"));
}

TEST_CASE("A webhook stays with its tenant") {
  WebhookRegistry registry;
  Webhook webhook = value_of(registry.add(sample_webhook("a")));
  webhook.tenant = "other";
  const auto moved = registry.update(webhook);
  CHECK(code_of(moved) == ErrorCode::invalid_webhook);
  CHECK_THAT(moved.error().message, Catch::StartsWith("tenant: "));
}

TEST_CASE("A reason stands beside the state disabled and nowhere else") {
  WebhookRegistry registry;
  Webhook webhook = sample_webhook("a");
  webhook.disabled_reason = "stale";
  webhook = value_of(registry.add(webhook));
  CHECK(webhook.disabled_reason.empty());

  webhook.state = WebhookState::disabled;
  webhook.disabled_reason = "moving house";
  webhook = value_of(registry.update(webhook));
  CHECK(webhook.disabled_reason == "moving house");
  webhook.state = WebhookState::paused;
  webhook = value_of(registry.update(webhook));
  CHECK(webhook.disabled_reason.empty());
  webhook.state = WebhookState::disabled;
  webhook = value_of(registry.update(webhook));
  CHECK(webhook.disabled_reason == "by the operator");
}

TEST_CASE("disable() wants no revision, and leaves a disabled webhook as it is") {
  WebhookRegistry registry;
  value_of(registry.add(sample_webhook("a")));
  const Webhook disabled = value_of(registry.disable("a", "gone: \xff"));
  CHECK(disabled.state == WebhookState::disabled);
  CHECK(disabled.disabled_reason == "gone: \xef\xbf\xbd");
  CHECK(disabled.revision == 2);
  const Webhook again = value_of(registry.disable("a", "another"));
  CHECK(again.disabled_reason == disabled.disabled_reason);
  CHECK(again.revision == 2);
}

TEST_CASE("A webhook that is read and written back keeps its secrets") {
  WebhookRegistry registry;
  Webhook webhook = sample_webhook("a");
  webhook.secrets = {Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")};
  webhook.basic_auth = BasicCredentials{"user", Secret("pass")};
  value_of(registry.add(webhook));
  value_of(registry.update(*registry.find("a")));
  CHECK(registry.find("a")->secrets == webhook.secrets);
  CHECK(registry.find("a")->basic_auth->password == Secret("pass"));
}

TEST_CASE("Lists go by id, in pages, of one tenant or of all") {
  WebhookRegistry registry;
  for (const char* id : {"d", "b", "e", "a", "c"}) {
    Webhook webhook = sample_webhook(id);
    webhook.tenant = id[0] < 'd' ? "acme" : "acme2";
    value_of(registry.add(webhook));
  }
  WebhookQuery query;
  CHECK(ids_of(value_of(registry.list(query)).webhooks) == Ids{"a", "b", "c", "d", "e"});
  CHECK(value_of(registry.list(query)).next.empty());

  query.tenant = "acme";
  query.limit = 2;
  WebhookPage page = value_of(registry.list(query));
  CHECK(ids_of(page.webhooks) == Ids{"a", "b"});
  CHECK(page.next == "b");
  query.after = page.next;
  page = value_of(registry.list(query));
  CHECK(ids_of(page.webhooks) == Ids{"c"});
  CHECK(page.next.empty());

  query.limit = 1;
  CHECK(value_of(registry.list(query)).next.empty());
  query.tenant = "acm";
  CHECK(value_of(registry.list(query)).webhooks.empty());
  query.tenant.reset();
  query.after = "bb";
  CHECK(ids_of(value_of(registry.list(query)).webhooks) == Ids{"c"});
}

TEST_CASE("A page is asked for with 1 to 1000 webhooks") {
  const WebhookRegistry registry;
  WebhookQuery query;
  query.limit = 0;
  CHECK(code_of(registry.list(query)) == ErrorCode::invalid_query);
  query.limit = 1001;
  CHECK(code_of(registry.list(query)) == ErrorCode::invalid_query);
}

TEST_CASE("A listener hears of every change until its handle is dropped") {
  WebhookRegistry registry;
  Ids heard;
  auto handle = registry.on_change([&](const Webhook& webhook) { heard.push_back(webhook.id); });
  Webhook webhook = value_of(registry.add(sample_webhook("a")));
  value_of(registry.update(webhook));
  value_of(registry.disable("a", "x"));
  value_of(registry.disable("a", "no change"));
  CHECK_FALSE(registry.add(sample_webhook("a")));
  CHECK_FALSE(registry.remove("b"));
  REQUIRE(registry.remove("a"));
  CHECK(heard == Ids{"a", "a", "a", "a"});
  handle.reset();
  value_of(registry.add(sample_webhook("c")));
  CHECK(heard.size() == 4);
}

TEST_CASE("A load tells of what was added, changed and removed, and of nothing else") {
  WebhookRegistry registry;
  for (const char* id : {"same", "changed", "removed"}) value_of(registry.add(sample_webhook(id)));
  WebhookRegistry other;
  value_of(other.load_json(registry.to_json()));
  Webhook changed = *other.find("changed");
  changed.description = "new";
  value_of(other.update(changed));
  REQUIRE(other.remove("removed"));
  value_of(other.add(sample_webhook("added")));

  Ids heard;
  const auto handle =
      registry.on_change([&](const Webhook& webhook) { heard.push_back(webhook.id); });
  value_of(registry.load_json(other.to_json()));
  std::sort(heard.begin(), heard.end());
  CHECK(heard == Ids{"added", "changed", "removed"});
}

TEST_CASE("A listener sees the change, and may change the registry itself") {
  WebhookRegistry registry;
  std::string described;
  const auto handle = registry.on_change([&](const Webhook& changed) {
    Webhook webhook = changed;
    if (!webhook.description.empty()) {
      described = webhook.description;
      return;
    }
    webhook.description = "seen";
    value_of(registry.update(webhook));
  });
  value_of(registry.add(sample_webhook("a")));
  CHECK(described == "seen");
  CHECK(registry.find("a")->revision == 2);
}

TEST_CASE("Dropping a handle waits for the call under way") {
  WebhookRegistry registry;
  std::promise<void> inside;
  std::promise<void> go_on;
  std::atomic<bool> returned{false};
  auto handle = registry.on_change([&](const Webhook&) {
    inside.set_value();
    go_on.get_future().wait();
    returned = true;
  });
  std::thread writer([&] { (void)registry.add(sample_webhook("a")); });
  inside.get_future().wait();
  auto dropped = std::async(std::launch::async, [&] {
    handle.reset();
    return returned.load();
  });
  CHECK(dropped.wait_for(std::chrono::milliseconds(20)) == std::future_status::timeout);
  go_on.set_value();
  CHECK(dropped.get());
  writer.join();
}

TEST_CASE("A handle may outlive the registry") {
  std::shared_ptr<void> handle;
  {
    WebhookRegistry registry;
    handle = registry.on_change([](const Webhook&) {});
    CHECK_FALSE(registry.on_change(nullptr));
  }
  handle.reset();
}

TEST_CASE("Readers see whole states while a writer changes them") {
  // Two states that are swapped as a whole: each webhook says how many there are.
  const auto state_of = [](const std::string& count, const Ids& ids) {
    WebhookRegistry state;
    for (const std::string& id : ids) {
      Webhook webhook = sample_webhook(id);
      webhook.description = count;
      value_of(state.add(webhook));
    }
    return state.to_json();
  };
  const std::string two = state_of("2", {"a", "b"});
  const std::string three = state_of("3", {"a", "c", "d"});
  WebhookRegistry registry;
  value_of(registry.load_json(two));

  std::atomic<bool> done{false};
  std::atomic<int> torn{0};
  const auto check = [&](const std::vector<std::shared_ptr<const Webhook>>& webhooks) {
    for (const auto& webhook : webhooks) {
      if (webhook->description != std::to_string(webhooks.size())) ++torn;
    }
    if (webhooks.size() < 2) ++torn;
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      while (!done) {
        check(registry.candidates(sample_import()));
        if (!registry.get("a") || !registry.list()) ++torn;
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    if (!registry.load_json(i % 2 == 0 ? three : two)) ++torn;
    const std::string id = "x" + std::to_string(i);
    if (!registry.add(sample_webhook(id, "other")) || !registry.remove(id)) ++torn;
  }
  done = true;
  for (auto& reader : readers) reader.join();
  CHECK(torn == 0);
}

TEST_CASE("Writers do not undo each other") {
  WebhookRegistry registry;
  std::vector<std::thread> writers;
  std::atomic<int> failed{0};
  for (int writer = 0; writer < 4; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < 200; ++i) {
        const std::string id = std::to_string(writer) + "-" + std::to_string(i);
        if (!registry.add(sample_webhook(id))) ++failed;
        if (i % 2 == 1 && !registry.remove(id)) ++failed;
      }
    });
  }
  for (auto& writer : writers) writer.join();
  CHECK(failed == 0);
  CHECK(registry.size() == 400);
  CHECK(registry.candidates(sample_import()).size() == 400);
}
