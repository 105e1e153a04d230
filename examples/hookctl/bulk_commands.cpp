#include "hookctl/bulk_commands.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string_view>

#include "common/command_line.hpp"
#include "common/json.hpp"
#include "common/times.hpp"
#include "hookctl/prune_command.hpp"

namespace hookctl {
namespace {

using hookline::DeliveryId;
using hookline::Error;

/// How many deliveries a bite touches.
constexpr std::size_t kBite = 200;

struct RecoverOptions {
  std::string webhook_id;
  std::string since;
};

struct DiscardOptions {
  hookline::DeliveryQuery query;
  std::string reason = "by the operator";
};

void add_recover(CLI::App& app, Command& chosen);
void add_discard(CLI::App& app, Command& chosen);
void add_erase(CLI::App& app, Command& chosen);
Result<void> recover(Session& session, const RecoverOptions& options);
Result<void> discard(Session& session, const DiscardOptions& options);
Result<void> erase(Session& session, const hookline::EraseQuery& query);
Result<std::uint64_t> recover_all(Session& session, hookline::RecoverQuery query);
Result<double> total_of(Session& session, const std::string& tenant);
void print_count(Session& session, const char* what, std::uint64_t count);
void show_place(Session& session, DeliveryId place, DeliveryId last, const char* what,
                std::uint64_t count);

}  // namespace

void add_bulk_commands(CLI::App& app, Command& chosen) {
  add_recover(app, chosen);
  add_discard(app, chosen);
  add_erase(app, chosen);
  add_prune_command(app, chosen);
}

Result<std::uint64_t> discard_all(Session& session, hookline::DeliveryQuery query,
                                  const std::string& reason) {
  const auto last = session.store().newest();
  if (!last) return tl::unexpected<Error>(last.error());
  query.after = 0;
  query.limit = kBite;
  std::uint64_t count = 0;
  for (;;) {
    show_place(session, query.after, *last, "discarded", count);
    const auto now = session.now();
    if (!now) return tl::unexpected<Error>(now.error());
    const auto bite = session.store().discard(query, reason, *now);
    if (!bite) return tl::unexpected<Error>(bite.error());
    count += bite->count;
    if (!bite->next) return count;
    query.after = *bite->next;
  }
}

namespace {

void add_recover(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<RecoverOptions>();
  CLI::App* command = app.add_subcommand(
      "recover",
      "send once more what did not get to a webhook: all that is exhausted or discarded");
  command->add_option("WEBHOOK", options->webhook_id, "its id")->type_name("")->required();
  command
      ->add_option("--since", options->since,
                   "accepted then or later: 2024-04-24T17:20:14Z, or so long ago: 90s, 15m, 2h, 7d")
      ->type_name("TIME")
      ->required()
      ->check(examples::time_check());
  command->callback([options, &chosen] {
    chosen.run = [options](Session& session) { return recover(session, *options); };
  });
}

void add_discard(CLI::App& app, Command& chosen) {
  const auto options = std::make_shared<DiscardOptions>();
  hookline::DeliveryQuery& query = options->query;
  CLI::App* command = app.add_subcommand(
      "discard", "take off what has no outcome yet: all that every one of these options names");
  command->add_option("--id", query.id, "this delivery")
      ->type_name("ID")
      ->check(examples::count_check());
  command->add_option("--webhook", query.webhook_id, "to this webhook; '' is basic webhooks")
      ->type_name("ID");
  command->add_option("--tenant", query.tenant, "of this tenant")->type_name("NAME");
  command->add_option("--import", query.import_id, "of this import")->type_name("ID");
  command->add_option("--message", query.message_id, "of this message")->type_name("ID");
  command->add_option("--reason", options->reason, "what their records will say")
      ->type_name("TEXT");
  command->callback([options, &chosen] {
    chosen.run = [options](Session& session) { return discard(session, *options); };
  });
}

void add_erase(CLI::App& app, Command& chosen) {
  const auto query = std::make_shared<hookline::EraseQuery>();
  CLI::App* command = app.add_subcommand(
      "erase", "remove bodies and records of a tenant or of one of its imports, for privacy");
  command->add_option("--tenant", query->tenant, "the tenant")->type_name("NAME")->required();
  command->add_option("--import", query->import_id, "only this import")->type_name("ID");
  command->callback([query, &chosen] {
    chosen.run = [query](Session& session) { return erase(session, *query); };
  });
}

Result<void> recover(Session& session, const RecoverOptions& options) {
  const auto webhook = session.registry().get(options.webhook_id);
  if (!webhook) return refuse(fmt::format("there is no webhook {}", options.webhook_id));
  const auto newest = session.store().newest();
  if (!newest) return tl::unexpected<Error>(newest.error());
  const auto since = examples::parse_time(options.since, std::chrono::system_clock::now());
  if (!since) return refuse("--since: " + since.error());
  hookline::RecoverQuery query;
  query.lane = {webhook->tenant, webhook->id, ""};
  query.since = *since;
  query.up_to = *newest;
  query.limit = kBite;
  return recover_all(session, query).map([&](std::uint64_t count) {
    print_count(session, "recovered", count);
  });
}

Result<std::uint64_t> recover_all(Session& session, hookline::RecoverQuery query) {
  std::uint64_t count = 0;
  for (;;) {
    show_place(session, query.after, query.up_to, "recovered", count);
    const auto now = session.now();
    if (!now) return tl::unexpected<Error>(now.error());
    const auto bite = session.store().recover(query, *now);
    if (!bite) return tl::unexpected<Error>(bite.error());
    count += bite->count;
    if (!bite->next) return count;
    query.after = *bite->next;
  }
}

Result<void> discard(Session& session, const DiscardOptions& options) {
  const auto& query = options.query;
  if (!query.id && !query.webhook_id && !query.tenant && !query.import_id && !query.message_id) {
    return refuse("discard: name what is to go: --id, --webhook, --tenant, --import or --message");
  }
  if (options.reason.empty()) return refuse("--reason: it is empty; say why, or leave it out");
  return discard_all(session, query, options.reason).map([&](std::uint64_t count) {
    print_count(session, "discarded", count);
  });
}

Result<void> erase(Session& session, const hookline::EraseQuery& query) {
  const auto total = total_of(session, query.tenant);
  if (!total) return tl::unexpected<Error>(total.error());
  std::uint64_t count = 0;
  for (;;) {
    session.progress().show_bar(static_cast<double>(count) / std::max(*total, 1.0),
                                fmt::format("{} erased", count));
    const auto bite = session.store().erase(query, kBite);
    if (!bite) return tl::unexpected<Error>(bite.error());
    count += bite->count;
    if (!bite->next) break;
  }
  print_count(session, "erased", count);
  return {};
}

/// All deliveries of the tenant.
Result<double> total_of(Session& session, const std::string& tenant) {
  return session.store().counts(tenant).map([](const hookline::DeliveryCounts& counts) {
    return static_cast<double>(counts.pending + counts.in_flight + counts.delivered +
                               counts.exhausted + counts.discarded);
  });
}

void print_count(Session& session, const char* what, std::uint64_t count) {
  if (!session.json()) {
    session.print(fmt::format("{} {}\n", count, what));
    return;
  }
  examples::Json json;
  json.begin_object();
  json.number(what, count);
  json.end_object();
  session.print(json.line());
}

/// Ids are passed in their order, so that the place among them tells how far it is.
void show_place(Session& session, DeliveryId place, DeliveryId last, const char* what,
                std::uint64_t count) {
  const double done = last == 0 ? 1 : static_cast<double>(place) / static_cast<double>(last);
  session.progress().show_bar(done, fmt::format("{} {}", count, what));
}

}  // namespace
}  // namespace hookctl
