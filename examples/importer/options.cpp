#include "importer/options.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "common/command_line.hpp"
#include "common/webhook_keys.hpp"

namespace importer {
namespace {

void add_webhook_options(CLI::App& app, Options& options);
void add_store_options(CLI::App& app, Options& options);
void add_import_options(CLI::App& app, Options& options);
std::string missing_from(const Options& options);
std::string store_fault(const std::string& text);

constexpr const char* kMemory = "memory";

}  // namespace

tl::expected<Options, int> parse_options(int argc, char** argv) {
  Options options;
  double wait = 0;
  CLI::App app("Counts the rows of CSV files and tells webhooks of each as a finished import.",
               "importer");
  add_webhook_options(app, options);
  add_store_options(app, options);
  add_import_options(app, options);
  const auto* wait_option =
      app.add_option("--wait", wait, "wait so long for deliveries, and print each as it ends")
          ->type_name("SECONDS")
          ->check(examples::seconds_check());

  if (const auto status = examples::parse(app, argc, argv)) return tl::unexpected(*status);
  if (wait_option->count() > 0) options.wait = examples::from_seconds(wait);
  if (options.store_file == kMemory) options.store_file.clear();
  if (const std::string missing = missing_from(options); !missing.empty()) {
    examples::complain("importer", missing);
    return tl::unexpected(examples::kBadInput);
  }
  return options;
}

namespace {

void add_webhook_options(CLI::App& app, Options& options) {
  app.add_option("--webhooks", options.webhooks_file,
                 "managed webhooks, in the registry's JSON form")
      ->type_name("FILE");
  examples::add_address_options(app, options.addresses);
}

void add_store_options(CLI::App& app, Options& options) {
  app.add_option("--store", options.store_file,
                 "where deliveries are kept: in this file, or in memory")
      ->type_name("memory|FILE.db")
      ->check(CLI::Validator(store_fault, ""));
  examples::add_key_option(app, options.key_file);
  app.add_flag("--drain", options.drain,
               "import nothing; deliver what earlier runs have left in the store");
}

void add_import_options(CLI::App& app, Options& options) {
  std::vector<CLI::Option*> added;
  const auto add = [&](const char* name, auto& target, const char* about, const char* type) {
    added.push_back(app.add_option(name, target, about)->type_name(type));
    return added.back();
  };
  add("--webhook-url", options.webhook_url, "a basic webhook for every import", "URL");
  add("--tenant", options.tenant, "the customer whose imports these are", "NAME");
  add("--identifier", options.identifier, "the import identifier", "NAME");
  add("--schema", options.schema, "the id of the saved schema", "ID");
  add("--user", options.user_file, "who made the imports", "FILE");
  added.push_back(app.add_flag("--development", options.development, "import in development mode"));
  add("--headless", options.headless_file,
      "import headless, with this answer of the retrieve endpoint", "FILE");
  add("--status", options.status, "successful, needs_review or failed", "STATUS")
      ->check(CLI::IsMember({"successful", "needs_review", "failed"}).description(""));
  add("FILE", options.files, "CSV files, each one an import", "");
  for (CLI::Option* option : added) app.get_option("--drain")->excludes(option);
}

/// What else is needed, or nothing.
std::string missing_from(const Options& options) {
  const bool in_memory = options.store_file.empty();
  if (options.drain && in_memory) {
    return "--drain: needs --store FILE.db; what memory kept has ended with its run";
  }
  if (options.drain) return "";
  if (options.files.empty()) return "FILE is required: at least one CSV file";
  if (!in_memory || !options.webhooks_file.empty() || options.webhook_url) return "";
  return "--webhooks or --webhook-url is required, or a --store FILE.db with webhooks in it";
}

/// A word alone is more likely a slip than the name of a file.
std::string store_fault(const std::string& text) {
  const bool is_path = text.find_first_of("./") != std::string::npos;
  if (is_path || text == kMemory) return "";
  return fmt::format("{} is neither memory nor a file; write FILE.db, or ./FILE", text);
}

}  // namespace
}  // namespace importer
