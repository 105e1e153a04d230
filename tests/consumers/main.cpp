// What a host writes: its own transport in a test, a dispatcher, an import. Compiled by every
// consumer project, with their flags (some of them without exceptions).
#include <hookline/hookline.hpp>
#include <hookline/testing.hpp>

int main() {
  hookline::WebhookRegistry registry;
  hookline::Webhook webhook;
  webhook.url = "https://hooks.example.com/imports";
  webhook.all_imports = true;
  if (!registry.add(webhook)) return 1;

  const auto transport = std::make_shared<hookline::testing::RecordingTransport>();
  hookline::DispatcherOptions options;
  options.transport = transport;
  options.store = std::make_shared<hookline::MemoryStore>();
  const auto dispatcher = hookline::Dispatcher::create(registry, options);
  if (!dispatcher) return 2;

  hookline::Import import;
  import.id = "import-1";
  if (!(*dispatcher)->dispatch(import)) return 3;
  if (!(*dispatcher)->flush(std::chrono::seconds(10))) return 4;
  return transport->requests().size() == 1 ? 0 : 5;
}
