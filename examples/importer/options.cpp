#include "importer/options.hpp"

#include <CLI/CLI.hpp>

#include "common/command_line.hpp"

namespace importer {
namespace {

void add_webhook_options(CLI::App& app, Options& options);
void add_import_options(CLI::App& app, Options& options);

}  // namespace

tl::expected<Options, int> parse_options(int argc, char** argv) {
  Options options;
  double wait = 0;
  CLI::App app("Counts the rows of CSV files and tells webhooks of each as a finished import.",
               "importer");
  add_webhook_options(app, options);
  add_import_options(app, options);
  const auto* wait_option =
      app.add_option("--wait", wait, "wait so long for deliveries, and print each as it ends")
          ->type_name("SECONDS")
          ->check(examples::seconds_check());
  app.add_option("FILE", options.files, "CSV files, each one an import")->type_name("")->required();

  if (const auto status = examples::parse(app, argc, argv)) return tl::unexpected(*status);
  if (wait_option->count() > 0) options.wait = examples::from_seconds(wait);
  if (options.webhooks_file.empty() && !options.webhook_url) {
    examples::complain("importer", "--webhooks or --webhook-url is required");
    return tl::unexpected(examples::kBadInput);
  }
  return options;
}

namespace {

void add_webhook_options(CLI::App& app, Options& options) {
  app.add_option("--webhooks", options.webhooks_file,
                 "managed webhooks, in the registry's JSON form")
      ->type_name("FILE");
  app.add_option("--webhook-url", options.webhook_url, "a basic webhook for every import")
      ->type_name("URL");
  app.add_option("--store", options.store, "where deliveries are kept: memory")
      ->type_name("STORE")
      ->check(CLI::IsMember({"memory"}).description(""));
  app.add_flag("--allow-http", options.allow_http, "let webhooks have http URLs");
  app.add_option("--allow", options.allow_cidrs, "let webhooks have addresses of this network")
      ->type_name("CIDR")
      ->allow_extra_args(false);
}

void add_import_options(CLI::App& app, Options& options) {
  app.add_option("--tenant", options.tenant, "the customer whose imports these are")
      ->type_name("NAME");
  app.add_option("--identifier", options.identifier, "the import identifier")->type_name("NAME");
  app.add_option("--schema", options.schema, "the id of the saved schema")->type_name("ID");
  app.add_option("--user", options.user_file, "who made the imports")->type_name("FILE");
  app.add_flag("--development", options.development, "import in development mode");
  app.add_option("--headless", options.headless_file,
                 "import headless, with this answer of the retrieve endpoint")
      ->type_name("FILE");
  app.add_option("--status", options.status, "successful, needs_review or failed")
      ->type_name("STATUS")
      ->check(CLI::IsMember({"successful", "needs_review", "failed"}).description(""));
}

}  // namespace
}  // namespace importer
