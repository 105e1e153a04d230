#include "hookctl/webhook_commands.hpp"

#include <fmt/format.h>

#include <cstdint>
#include <memory>
#include <string>

#include "common/json.hpp"
#include "common/printable.hpp"
#include "hookctl/bulk_commands.hpp"
#include "hookctl/forget_command.hpp"
#include "hookctl/webhook_add.hpp"
#include "hookctl/webhook_text.hpp"

namespace hookctl {
namespace {

using hookline::Error;
using hookline::Webhook;

struct OneOptions {
  std::string id;
  std::string reason = "by the operator";
};

using RunForOne = Result<void> (*)(Session& session, const OneOptions& options);

void add_list(CLI::App& group, Command& chosen);
CLI::App* add_for_one(CLI::App& group, Command& chosen, const std::shared_ptr<OneOptions>& options,
                      const char* name, const char* about, RunForOne run);
Result<void> list(Session& session, const hookline::WebhookQuery& query);
Result<void> remove(Session& session, const OneOptions& options);
Result<void> enable(Session& session, const OneOptions& options);
Result<void> pause(Session& session, const OneOptions& options);
Result<void> disable(Session& session, const OneOptions& options);
Result<void> reseal(Session& session);
Result<void> print_changed(Session& session, const Result<Webhook>& webhook);

}  // namespace

void add_webhook_commands(CLI::App& app, Command& chosen) {
  CLI::App* group = app.add_subcommand("webhooks", "the managed webhooks that live in the file");
  group->require_subcommand(0, 1);
  add_list(*group, chosen);
  add_webhook_add(*group, chosen);
  const auto options = std::make_shared<OneOptions>();
  add_for_one(*group, chosen, options, "remove", "remove a webhook, and discard what waits for it",
              remove);
  add_for_one(*group, chosen, options, "enable", "deliver to a webhook again", enable);
  add_for_one(*group, chosen, options, "pause", "let what comes for a webhook wait", pause);
  add_for_one(*group, chosen, options, "disable", "accept nothing more for a webhook", disable)
      ->add_option("--reason", options->reason, "why; it stands in the webhook")
      ->type_name("TEXT");
  group->add_subcommand("reseal", "seal what stands there under an older key, or none, anew")
      ->callback([&chosen] { chosen.run = reseal; });
  add_forget_command(*group, chosen);
}

namespace {

void add_list(CLI::App& group, Command& chosen) {
  const auto query = std::make_shared<hookline::WebhookQuery>();
  CLI::App* command = group.add_subcommand("list", "webhooks in the order of their ids");
  command->add_option("--tenant", query->tenant, "of this tenant")->type_name("NAME");
  command->add_option("--after", query->after, "with ids after this one")->type_name("ID");
  command->add_option("--limit", query->limit, "at most so many")
      ->type_name("N")
      ->check(CLI::Range(1, 1000).description(""));
  command->callback([query, &chosen] {
    chosen.run = [query](Session& session) { return list(session, *query); };
  });
}

CLI::App* add_for_one(CLI::App& group, Command& chosen, const std::shared_ptr<OneOptions>& options,
                      const char* name, const char* about, RunForOne run) {
  CLI::App* command = group.add_subcommand(name, about);
  command->add_option("ID", options->id, "the webhook")->type_name("")->required();
  command->callback([options, run, &chosen] {
    chosen.run = [options, run](Session& session) { return run(session, *options); };
  });
  return command;
}

Result<void> list(Session& session, const hookline::WebhookQuery& query) {
  const auto page = session.registry().list(query);
  if (!page) return tl::unexpected<Error>(page.error());
  if (!session.json()) {
    session.print(table_of(session, page->webhooks));
    if (!page->next.empty()) session.remark(fmt::format("there is more: --after {}", page->next));
    return {};
  }
  examples::Json json;
  json.begin_object();
  json.begin_array("webhooks");
  for (const Webhook& webhook : page->webhooks) put(json, webhook, session.refusal(webhook));
  json.end_array();
  json.text_or_null("next", page->next);
  json.end_object();
  session.print(json.line());
  return {};
}

/// A service that runs discards what waits for a webhook that is gone; one that is stopped should
/// not find it, either.
Result<void> reseal(Session& session) {
  const auto count = session.reseal();
  if (!count) return tl::unexpected<Error>(count.error());
  if (!session.json()) {
    session.print(fmt::format("{} webhooks sealed\n", *count));
    return {};
  }
  examples::Json json;
  json.begin_object();
  json.number("sealed", *count);
  json.end_object();
  session.print(json.line());
  return {};
}

Result<void> remove(Session& session, const OneOptions& options) {
  const auto webhook = session.registry().get(options.id);
  if (auto removed = session.registry().remove(options.id); !removed) return removed;
  hookline::DeliveryQuery query;
  query.tenant = webhook ? webhook->tenant : "";
  query.webhook_id = options.id;
  const auto discarded = discard_all(session, query, "the webhook was removed");
  if (!discarded) return tl::unexpected<Error>(discarded.error());
  if (!session.json()) {
    session.print(fmt::format("removed {}; {} deliveries discarded\n",
                              examples::printable(options.id), *discarded));
    return {};
  }
  examples::Json json;
  json.begin_object();
  json.text("removed", options.id);
  json.number("discarded", *discarded);
  json.end_object();
  session.print(json.line());
  return {};
}

Result<void> enable(Session& session, const OneOptions& options) {
  return print_changed(session, session.registry().enable(options.id));
}

Result<void> pause(Session& session, const OneOptions& options) {
  return print_changed(session, session.registry().pause(options.id));
}

/// The registry sees a webhook that is refused as disabled already, and would leave the file as it
/// is.
Result<void> disable(Session& session, const OneOptions& options) {
  const auto webhook = session.registry().get(options.id);
  if (webhook) {
    const std::string refusal = session.refusal(*webhook);
    if (!refusal.empty()) return refuse_unknown_state(*webhook, refusal);
  }
  return print_changed(session, session.registry().disable(options.id, options.reason));
}

Result<void> print_changed(Session& session, const Result<Webhook>& webhook) {
  if (!webhook) return tl::unexpected<Error>(webhook.error());
  if (!session.json()) {
    session.print(
        fmt::format("{} is {} now\n", examples::printable(webhook->id), to_string(webhook->state)));
    return {};
  }
  examples::Json json;
  json.begin_object();
  json.key("webhook");
  put(json, *webhook, "");
  json.end_object();
  session.print(json.line());
  return {};
}

}  // namespace
}  // namespace hookctl
