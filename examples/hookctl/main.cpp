// An operator's tool for the file of a service: see README.md in the folder above.

#include <CLI/CLI.hpp>
#include <hookline/hookline.hpp>
#include <string_view>
#include <utility>

#include "common/address_options.hpp"
#include "common/command_line.hpp"
#include "common/webhook_keys.hpp"
#include "hookctl/bulk_commands.hpp"
#include "hookctl/delivery_commands.hpp"
#include "hookctl/service_commands.hpp"
#include "hookctl/session.hpp"
#include "hookctl/webhook_commands.hpp"

namespace hookctl {
namespace {

enum ExitStatus { kDone = 0, kFailed = 1 };

int run(const Command& command, Session::Settings settings,
        const examples::AddressOptions& addresses);
int exit_status(const hookline::Error& error);
int failed(std::string_view message, int status);

int run(int argc, char** argv) {
  Command command;
  Session::Settings settings;
  examples::AddressOptions addresses;
  CLI::App app("Looks into the file of a service that delivers webhooks, and commands it.",
               "hookctl");
  app.fallthrough();  // options of all commands may stand behind the command, too
  app.require_subcommand(0, 1);
  app.add_option("--store", settings.path, "the file in which the service keeps its deliveries")
      ->type_name("FILE")
      ->required();
  app.add_flag("--json", settings.json, "answer with a JSON document, on one line");
  examples::add_key_option(app, settings.key_file);
  examples::add_address_options(app, addresses);
  add_delivery_commands(app, command);
  add_bulk_commands(app, command);
  add_service_commands(app, command);
  add_webhook_commands(app, command);
  if (const auto status = examples::parse(app, argc, argv)) return *status;
  if (command.run) return run(command, std::move(settings), addresses);
  return failed("a command is missing; --help lists them", examples::kBadInput);
}

int run(const Command& command, Session::Settings settings,
        const examples::AddressOptions& addresses) {
  const auto policy = examples::address_policy(addresses);
  if (!policy) return failed(policy.error(), examples::kBadInput);
  settings.policy = *policy;
  settings.may_create = command.may_create;
  settings.opens_webhooks = command.opens_webhooks;
  const auto session = Session::open(std::move(settings));
  if (!session) return failed(session.error().message, exit_status(session.error()));
  const auto done = command.run(**session);
  (*session)->progress().clear();
  if (!done) return failed(done.error().message, exit_status(done.error()));
  if ((*session)->all_written()) return kDone;
  return failed("standard output cannot be written", kFailed);
}

/// What was asked for cannot be, or something has failed that is not the asker's fault.
int exit_status(const hookline::Error& error) {
  switch (error.code) {
    case hookline::ErrorCode::store_failed:
    case hookline::ErrorCode::store_full:
    case hookline::ErrorCode::commit_unknown:
    case hookline::ErrorCode::system_failed:
    case hookline::ErrorCode::invalid_registry_document:
      return kFailed;
    default:
      return examples::kBadInput;
  }
}

int failed(std::string_view message, int status) {
  examples::complain("hookctl", message);
  return status;
}

}  // namespace
}  // namespace hookctl

int main(int argc, char** argv) { return hookctl::run(argc, argv); }
