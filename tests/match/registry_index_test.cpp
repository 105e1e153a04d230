#include "match/registry_index.hpp"

#include <algorithm>
#include <map>
#include <random>

#include "match/sample_webhook.hpp"

using namespace hookline;
using namespace hookline::test;
using detail::RegistryIndex;

namespace {

std::shared_ptr<const Webhook> stored(Webhook webhook) {
  return std::make_shared<const Webhook>(std::move(webhook));
}

/// What `match` must find, by looking at every webhook.
Ids ids_by_scan(const std::map<std::string, Webhook>& webhooks, const Import& import) {
  const auto has = [](const std::vector<std::string>& list, const auto& value) {
    return value && std::find(list.begin(), list.end(), *value) != list.end();
  };
  Ids ids;
  for (const auto& [id, webhook] : webhooks) {
    const bool hit = webhook.all_imports ||
                     has(webhook.import_identifiers, import.import_identifier) ||
                     has(webhook.saved_schema_ids, import.saved_schema_id);
    if (hit && webhook.tenant == import.tenant &&
        webhook.development_mode == import.development_mode) {
      ids.push_back(id);
    }
  }
  return ids;
}

std::string letter(std::mt19937_64& random) {
  return std::string(1, static_cast<char>('a' + random() % 5));
}

Webhook random_webhook(std::mt19937_64& random) {
  Webhook webhook;
  webhook.id = "wh_" + std::to_string(random() % 60);
  webhook.tenant = random() % 2 == 0 ? "" : letter(random);
  webhook.development_mode = random() % 2 == 0;
  webhook.all_imports = random() % 6 == 0;
  webhook.state = random() % 5 == 0 ? WebhookState::disabled : WebhookState::enabled;
  if (webhook.all_imports) return webhook;
  webhook.import_identifiers = {letter(random)};
  webhook.saved_schema_ids = {letter(random) + letter(random), letter(random)};
  if (webhook.saved_schema_ids[0] == webhook.saved_schema_ids[1])
    webhook.saved_schema_ids.pop_back();
  return webhook;
}

Import random_import(std::mt19937_64& random) {
  Import import;
  import.tenant = random() % 2 == 0 ? "" : letter(random);
  import.development_mode = random() % 2 == 0;
  if (random() % 3 != 0) import.import_identifier = letter(random);
  if (random() % 3 != 0) import.saved_schema_id = letter(random);
  return import;
}

/// Puts, replaces and removes at random with hashes cut down to the mask.
void compare_with_scan(std::uint64_t hash_mask) {
  const auto seed = std::random_device()();
  CAPTURE(seed, hash_mask);
  std::mt19937_64 random(seed);
  RegistryIndex index({1, 2}, hash_mask);
  std::map<std::string, Webhook> webhooks;
  for (int round = 0; round < 600; ++round) {
    const RegistryIndex before = index;
    Webhook webhook = random_webhook(random);
    if (random() % 3 == 0) {
      index.remove(webhook.id);
      webhooks.erase(webhook.id);
    } else {
      webhooks[webhook.id] = webhook;
      index.put(stored(webhook));
    }
    const Import import = random_import(random);
    REQUIRE(ids_of(index.match(import)) == ids_by_scan(webhooks, import));
    REQUIRE(index.size() == webhooks.size());
    REQUIRE((index.find(webhook.id) != nullptr) == (webhooks.count(webhook.id) == 1));
  }
}

}  // namespace

TEST_CASE("The index finds what a scan finds") { compare_with_scan(~std::uint64_t{0}); }

TEST_CASE("The index finds what a scan finds when hashes collide") {
  compare_with_scan(0);
  compare_with_scan(3);
  compare_with_scan(0x11);
}

TEST_CASE("A copy of an index does not see what happens to the original") {
  RegistryIndex index({1, 2});
  index.put(stored(sample_webhook("a")));
  const RegistryIndex copy = index;
  index.put(stored(sample_webhook("b")));
  index.remove("a");
  CHECK(ids_of(copy.match(sample_import())) == Ids{"a"});
  CHECK(ids_of(index.match(sample_import())) == Ids{"b"});
}

TEST_CASE("A list of one tenant holds nothing of another, whatever stands beside it") {
  for (const std::uint64_t hash_mask : {std::uint64_t{0}, ~std::uint64_t{0}}) {
    RegistryIndex index({1, 2}, hash_mask);
    for (int i = 0; i < 200; ++i) {
      Webhook webhook = sample_webhook("wh_" + std::to_string(1000 + i));
      webhook.tenant = "tenant-" + std::to_string(i % 20);
      index.put(stored(webhook));
    }
    for (int tenant = 0; tenant < 20; ++tenant) {
      WebhookQuery query;
      query.tenant = "tenant-" + std::to_string(tenant);
      const WebhookPage page = index.list(query);
      REQUIRE(page.webhooks.size() == 10);
      for (const Webhook& webhook : page.webhooks) CHECK(webhook.tenant == *query.tenant);
      query.after = page.webhooks.back().id;
      CHECK(index.list(query).webhooks.empty());
    }
  }
}
