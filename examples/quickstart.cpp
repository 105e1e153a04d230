#include <hookline/hookline.hpp>
#include <iostream>

int main(int argc, char** argv) {
  hookline::AddressPolicyOptions local;  // unless told, hookline wants https and public addresses
  local.allow_http = true;
  local.allow_cidrs = {"127.0.0.0/8"};
  hookline::WebhookRegistry registry(hookline::AddressPolicy::create(local).value());

  hookline::Webhook webhook;
  webhook.id = "crm";
  webhook.url = argc > 1 ? argv[1] : "http://127.0.0.1:8080/hooks";
  webhook.import_identifiers = {"contacts"};
  if (const auto added = registry.add(webhook); !added) {
    std::cerr << added.error().message << '\n';
    return 1;
  }

  hookline::Import import;
  import.id = "025f399f-4370-4064-aed5-b8d16b597183";
  import.filename = "contacts.csv";
  import.created_date = std::chrono::system_clock::now();
  import.num_data_rows = 433;
  import.import_identifier = "contacts";

  hookline::DispatcherOptions options;
  options.store_file = "imports.db";  // what is accepted outlives this process
  auto dispatcher = hookline::Dispatcher::create(registry, options).value();
  std::cout << dispatcher->dispatch(import).value().message_id << '\n';
  std::cout << (dispatcher->flush(std::chrono::seconds(5)) ? "delivered\n" : "later, then\n");
}
