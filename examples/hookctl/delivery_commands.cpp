#include "hookctl/delivery_commands.hpp"

#include <fmt/format.h>

#include <array>
#include <memory>
#include <optional>
#include <string>

#include "common/command_line.hpp"
#include "common/json.hpp"
#include "hookctl/delivery_text.hpp"

namespace hookctl {
namespace {

using hookline::DeliveryId;
using hookline::DeliveryStatus;

void add_list(CLI::App& app, Command& chosen);
void add_for_one(CLI::App& app, Command& chosen, const char* name, const char* about,
                 Result<void> (*run)(Session&, DeliveryId));
void add_test(CLI::App& app, Command& chosen);
Result<void> list(Session& session, const hookline::DeliveryQuery& query);
Result<void> show(Session& session, DeliveryId id);
Result<void> replay(Session& session, DeliveryId id);
Result<void> send_test(Session& session, const std::string& webhook_id);
Result<void> print_new(Session& session, const Result<hookline::Delivery>& delivery);
std::optional<DeliveryStatus> status_from(const std::string& name);

constexpr std::array kStatuses = {DeliveryStatus::pending, DeliveryStatus::in_flight,
                                  DeliveryStatus::delivered, DeliveryStatus::exhausted,
                                  DeliveryStatus::discarded};

}  // namespace

void add_delivery_commands(CLI::App& app, Command& chosen) {
  add_list(app, chosen);
  add_for_one(app, chosen, "show", "a delivery and its attempts", show);
  add_for_one(app, chosen, "replay", "send a delivery once more, as a new one", replay);
  add_test(app, chosen);
}

namespace {

void add_list(CLI::App& app, Command& chosen) {
  const auto query = std::make_shared<hookline::DeliveryQuery>();
  const auto status = std::make_shared<std::string>();
  CLI::App* list_app = app.add_subcommand("list", "deliveries, oldest first");
  list_app->add_option("--tenant", query->tenant, "of this tenant")->type_name("NAME");
  list_app->add_option("--webhook", query->webhook_id, "to this webhook; '' is basic webhooks")
      ->type_name("ID");
  list_app->add_option("--import", query->import_id, "of this import")->type_name("ID");
  list_app->add_option("--message", query->message_id, "of this message")->type_name("ID");
  list_app->add_option("--status", *status, "pending, in_flight, delivered, exhausted, discarded")
      ->type_name("STATUS")
      ->check([](const std::string& name) {
        return status_from(name) ? std::string() : name + " is not the status of a delivery";
      });
  list_app->add_option("--after", query->after, "with ids above this one")
      ->type_name("ID")
      ->check(examples::count_check());
  list_app->add_option("--limit", query->limit, "at most so many")
      ->type_name("N")
      ->check(CLI::Range(1, 1000).description(""));
  list_app->callback([query, status, &chosen] {
    query->status = status_from(*status);
    chosen.run = [query](Session& session) { return list(session, *query); };
  });
}

void add_for_one(CLI::App& app, Command& chosen, const char* name, const char* about,
                 Result<void> (*run)(Session&, DeliveryId)) {
  const auto id = std::make_shared<DeliveryId>();
  CLI::App* one = app.add_subcommand(name, about);
  one->add_option("ID", *id, "the delivery")
      ->type_name("")
      ->required()
      ->check(examples::count_check());
  one->callback([id, run, &chosen] {
    chosen.run = [id, run](Session& session) { return run(session, *id); };
  });
}

void add_test(CLI::App& app, Command& chosen) {
  const auto webhook = std::make_shared<std::string>();
  CLI::App* test = app.add_subcommand("test", "send an event of a made-up import to a webhook");
  test->add_option("WEBHOOK", *webhook, "its id")->type_name("")->required();
  test->callback([webhook, &chosen] {
    chosen.run = [webhook](Session& session) { return send_test(session, *webhook); };
  });
}

Result<void> list(Session& session, const hookline::DeliveryQuery& query) {
  const auto page = session.store().list(query);
  if (!page) return tl::unexpected<hookline::Error>(page.error());
  if (!session.json()) {
    session.print(table_of(page->deliveries));
    if (page->next) session.remark(fmt::format("there is more: --after {}", *page->next));
    return {};
  }
  examples::Json json;
  json.begin_object();
  json.begin_array("deliveries");
  for (const auto& delivery : page->deliveries) put(json, delivery);
  json.end_array();
  json.number_or_null("next", page->next);
  json.end_object();
  session.print(json.line());
  return {};
}

Result<void> show(Session& session, DeliveryId id) {
  const auto delivery = session.store().find(id);
  if (!delivery) return tl::unexpected<hookline::Error>(delivery.error());
  const auto attempts = session.store().attempts(id);
  if (!attempts) return tl::unexpected<hookline::Error>(attempts.error());
  if (!session.json()) {
    session.print(text_of(*delivery, *attempts));
    return {};
  }
  examples::Json json;
  json.begin_object();
  json.key("delivery");
  put(json, *delivery);
  json.begin_array("attempts");
  for (const auto& attempt : *attempts) put(json, attempt);
  json.end_array();
  json.end_object();
  session.print(json.line());
  return {};
}

Result<void> replay(Session& session, DeliveryId id) {
  const auto dispatcher = session.dispatcher();
  if (!dispatcher) return tl::unexpected<hookline::Error>(dispatcher.error());
  return print_new(session, (*dispatcher)->replay(id));
}

Result<void> send_test(Session& session, const std::string& webhook_id) {
  const auto webhook = session.registry().get(webhook_id);
  if (webhook) {
    const std::string refusal = session.refusal(*webhook);
    if (!refusal.empty()) return refuse_unknown_state(*webhook, refusal);
  }
  const auto dispatcher = session.dispatcher();
  if (!dispatcher) return tl::unexpected<hookline::Error>(dispatcher.error());
  return print_new(session, (*dispatcher)->send_test(webhook_id));
}

Result<void> print_new(Session& session, const Result<hookline::Delivery>& delivery) {
  if (!delivery) return tl::unexpected<hookline::Error>(delivery.error());
  if (!session.json()) {
    session.print(fmt::format("delivery {} waits to be sent\n", delivery->id));
    return {};
  }
  examples::Json json;
  json.begin_object();
  json.key("delivery");
  put(json, *delivery);
  json.end_object();
  session.print(json.line());
  return {};
}

std::optional<DeliveryStatus> status_from(const std::string& name) {
  for (const DeliveryStatus status : kStatuses) {
    if (to_string(status) == name) return status;
  }
  return std::nullopt;
}

}  // namespace
}  // namespace hookctl
