// The steps of a delivery one by one, on Google Benchmark: `bench_micro [--benchmark_…]`.

#include <benchmark/benchmark.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "scenarios/documents.hpp"
#include "scenarios/host.hpp"

using namespace hookline;
using namespace hookline::bench;

namespace {

std::string folder() {
  const char* const set = std::getenv("HOOKLINE_BENCH_FOLDER");
  return set != nullptr ? set : std::filesystem::temp_directory_path().string();
}

Import small_import() {
  Import import;
  import.id = "025f399f-4370-4064-aed5-b8d16b597183";
  import.filename = "contacts.csv";
  import.user = User{"user-123", "Jasmine Clark", "jclark@acme.com", {}, {}};
  import.num_data_rows = 433;
  import.import_identifier = "contacts-0";
  return import;
}

/// A registry of this many, made once: repetitions share it.
const WebhookRegistry& registry_of(std::int64_t size) {
  static std::map<std::int64_t, WebhookRegistry> made;
  WebhookRegistry& registry = made[size];
  for (auto i = static_cast<std::int64_t>(registry.size()); i < size; ++i) {
    Webhook webhook;
    webhook.url = "https://hooks.example.com/receive";
    webhook.import_identifiers = {"contacts-" + std::to_string(i)};
    checked(registry.add(webhook));
  }
  return registry;
}

void match(benchmark::State& state) {
  const EventMatcher matcher(registry_of(state.range(0)));
  const Import import = small_import();
  for (auto _ : state) benchmark::DoNotOptimize(matcher.match(import));
}
BENCHMARK(match)->Arg(1)->Arg(1'000)->Arg(1'000'000)->Iterations(100'000);

void build(benchmark::State& state) {
  const PayloadBuilder builder;
  const Import import = small_import();
  for (auto _ : state) benchmark::DoNotOptimize(builder.managed(import));
}
BENCHMARK(build);

void filter_1_mib(benchmark::State& state) {
  const PayloadBuilder builder;
  const Import import = headless_import(large_document());
  for (auto _ : state) benchmark::DoNotOptimize(builder.managed(import));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(import.headless->size()));
}
BENCHMARK(filter_1_mib);

void rapidjson_1_mib(benchmark::State& state) {
  const std::string document = large_document();
  for (auto _ : state) benchmark::DoNotOptimize(copied(document));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(document.size()));
}
BENCHMARK(rapidjson_1_mib);

void sign(benchmark::State& state, const std::string& secret) {
  const Signer signer = checked(Signer::create({secret}));
  const std::string body = body_of(700);
  for (auto _ : state) {
    benchmark::DoNotOptimize(signer.sign("msg_01M855PFR8P4X4NJMB7A4HSHVC", 1714065614, body));
  }
}
BENCHMARK_CAPTURE(sign, v1, "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
BENCHMARK_CAPTURE(sign, v1a, "whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");

void read_secret(benchmark::State& state) {
  const std::vector<Secret> secrets = {
      Secret("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")};
  for (auto _ : state) benchmark::DoNotOptimize(Signer::from_secrets(secrets));
}
BENCHMARK(read_secret);

NewEvent event_of(std::int64_t number, const std::shared_ptr<const std::string>& body) {
  NewDelivery delivery;
  delivery.lane = {"", "webhook", ""};
  NewEvent event;
  event.receipt.message_id = "msg_" + std::to_string(number);
  event.receipt.import_id = "import";
  event.managed_body = body;
  event.deliveries = {delivery};
  event.receipt.deliveries.push_back({0, "webhook", std::nullopt});
  return event;
}

/// So many events in one call, which is one commit.
void append(benchmark::State& state, DeliveryStore& store) {
  const auto body = std::make_shared<const std::string>(body_of(700));
  std::int64_t number = 0;
  for (auto _ : state) {
    std::vector<NewEvent> events;
    for (std::int64_t i = 0; i < state.range(0); ++i) events.push_back(event_of(++number, body));
    for (auto& appended : store.append(std::move(events), {})) checked(std::move(appended));
  }
  state.SetItemsProcessed(number);
}

void append_memory(benchmark::State& state) {
  MemoryStore store;
  append(state, store);
}
BENCHMARK(append_memory)->Arg(1)->Arg(100)->Iterations(2'000);

void append_sqlite(benchmark::State& state) {
  const TemporaryFile file(folder());
  SqliteStoreOptions options;
  options.path = file.path();
  const auto store = checked(SqliteStore::open(options));
  append(state, *store);
}
BENCHMARK(append_sqlite)->Arg(1)->Arg(100)->Arg(1'000)->UseRealTime();

}  // namespace

BENCHMARK_MAIN();
