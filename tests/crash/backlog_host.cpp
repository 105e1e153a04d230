// Starts a dispatcher on a file, delivers to the webhook that is awake, and says on standard output
// how long the first delivery took and how much memory it all needed at most:
// `backlog_host FILE` prints `MICROSECONDS KIB`.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <thread>

#include "fakes/samples.hpp"
#include "hookline/sqlite_store.hpp"

using namespace hookline;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

namespace {

constexpr std::uint64_t kImports = 2'000;

long peak_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    long kib = 0;
    status >> kib;
    return kib;
  }
  return -1;
}

void add_webhooks(WebhookRegistry& registry) {
  if (!registry.add(fakes::webhook_to("https://awake.example/", "awake"))) std::abort();
  Webhook paused = fakes::webhook_to("https://paused.example/", "paused");
  paused.import_identifiers = {"others"};
  paused.state = WebhookState::paused;
  if (!registry.add(paused)) std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  WebhookRegistry registry(fakes::loopback_policy());
  add_webhooks(registry);
  const auto start = Steady::now();
  std::atomic<std::int64_t> first{0};
  SqliteStoreOptions file;
  file.path = argv[1];
  DispatcherOptions options;
  options.store = SqliteStore::open(file).value();
  options.transport = std::make_shared<testing::FunctionTransport>(
      [&](const HttpRequest&, const Transport::Completion& completion) {
        std::int64_t none = 0;
        first.compare_exchange_strong(
            none,
            std::chrono::duration_cast<std::chrono::microseconds>(Steady::now() - start).count());
        completion(testing::status(200));
      });
  const auto dispatcher = Dispatcher::create(registry, options).value();
  while (first == 0) std::this_thread::sleep_for(100us);  // what is in the file comes by itself
  for (std::uint64_t i = 0; i < kImports; ++i) {
    if (!dispatcher->dispatch(fakes::completed_import(std::to_string(i)))) return 1;
  }
  while (dispatcher->stats()->deliveries.delivered < kImports) std::this_thread::sleep_for(1ms);
  std::cout << first << ' ' << peak_kib() << '\n';
  return 0;
}
