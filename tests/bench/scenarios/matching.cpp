// Registries with a million webhooks.

#include <malloc.h>

#include <algorithm>
#include <memory>
#include <random>
#include <unordered_map>

#include "scenarios/host.hpp"

namespace hookline::bench {
namespace {

std::string key_for(std::uint64_t number) {
  // Spread over the alphabet, as identifiers made at random are.
  const std::uint64_t mixed = number * 0x9e3779b97f4a7c15u;
  return "import-" + std::to_string(mixed);
}

Webhook webhook_for(std::uint64_t number) {
  Webhook webhook;
  webhook.id = "webhook-" + std::to_string(number);
  webhook.url = "https://hooks.example.com/receive/" + std::to_string(number);
  webhook.import_identifiers = {key_for(number)};
  return webhook;
}

std::unique_ptr<WebhookRegistry> registry_of(std::size_t count) {
  auto registry = std::make_unique<WebhookRegistry>();
  for (std::size_t i = 0; i < count; ++i) checked(registry->add(webhook_for(i)));
  return registry;
}

double heap_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return static_cast<double>(info.uordblks) + static_cast<double>(info.hblkhd);
}

/// What both sides look up in.
struct World {
  explicit World(std::size_t count) : registry(registry_of(count)), small(registry_of(1000)) {
    std::mt19937_64 random(1);
    for (std::size_t i = 0; i < count; ++i) map.emplace(key_for(i), i);
    for (int i = 0; i < 100'000; ++i) keys.push_back(key_for(random() % count));
  }
  std::unique_ptr<WebhookRegistry> registry;
  std::unique_ptr<WebhookRegistry> small;
  std::unordered_map<std::string, std::size_t> map;
  std::vector<std::string> keys;
};

Figures match_all(const World& world) {
  const EventMatcher matcher(*world.registry);
  Import import;
  import.id = "1";
  const Meter meter;
  std::size_t found = 0;
  for (const std::string& key : world.keys) {
    import.import_identifier = key;
    found += checked(matcher.match(import)).webhooks.size();
  }
  Figures figures;
  meter.add_to(figures, world.keys.size());
  if (found != world.keys.size()) throw std::runtime_error("matching has not found all");
  return figures;
}

Figures find_all(const World& world) {
  std::optional<std::string> import_identifier;  // copied, as the other side has to
  const Meter meter;
  std::size_t found = 0;
  for (const std::string& key : world.keys) {
    import_identifier = key;
    found += world.map.count(*import_identifier);
  }
  Figures figures;
  meter.add_to(figures, world.keys.size());
  if (found != world.keys.size()) throw std::runtime_error("the map has not found all");
  return figures;
}

/// Adds and removes, so that the registry stays as large as it is.
Figures add_some(WebhookRegistry& registry) {
  Latencies latencies;
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    Webhook webhook = webhook_for(1'000'000'000 + i);
    const std::string id = webhook.id;
    const auto start = Steady::now();
    checked(registry.add(std::move(webhook)));
    latencies.add(Steady::now() - start);
    checked(registry.remove(id));
  }
  Figures figures;
  latencies.add_to(figures);
  return figures;
}

Scenario matching(const Settings& settings) {
  const auto world = std::make_shared<World>(settings.scaled(1'000'000));
  Scenario scenario;
  scenario.what = "one event among 1,000,000 webhooks; one add to them";
  scenario.isolated = false;  // a million webhooks are made once
  scenario.sides = {{"hookline", [=] { return match_all(*world); }},
                    {"find", [=] { return find_all(*world); }},
                    {"add", [=] { return add_some(*world->registry); }},
                    {"add_at_1000", [=] { return add_some(*world->small); }}};
  scenario.targets = {{"CPU time of a match", "hookline", "cpu_us", "find", "cpu_us", false, 3},
                      {"one add", "add", "p50_us", "add_at_1000", "p50_us", false, 10}};
  return scenario;
}

/// What `count` webhooks take on the heap in the form that `make` gives them.
template <class Make>
Figures heap_of(std::size_t count, Make make) {
  const double before = heap_bytes();
  const auto kept = make(count);
  Figures figures;
  figures["bytes_each"] = (heap_bytes() - before) / static_cast<double>(count);
  return figures;
}

std::vector<Webhook> vector_of(std::size_t count) {
  std::vector<Webhook> webhooks;
  webhooks.reserve(count);
  for (std::size_t i = 0; i < count; ++i) webhooks.push_back(webhook_for(i));
  return webhooks;
}

Scenario registry_memory(const Settings& settings) {
  const auto count = static_cast<std::size_t>(settings.scaled(1'000'000));
  Scenario scenario;
  scenario.what = "memory of a registry of 1,000,000 webhooks";
  scenario.rounds = 1;  // the heap is the same each time
  scenario.sides = {{"hookline", [=] { return heap_of(count, &registry_of); }},
                    {"vector", [=] { return heap_of(count, &vector_of); }}};
  scenario.targets = {
      {"heap of a webhook", "hookline", "bytes_each", "vector", "bytes_each", false, 1.5}};
  return scenario;
}

}  // namespace

std::vector<Entry> matching_entries() {
  return {{"matching", &matching}, {"registry-memory", &registry_memory}};
}

}  // namespace hookline::bench
