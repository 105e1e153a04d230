#include "hookctl/forget_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <string>

#include "common/json.hpp"
#include "common/printable.hpp"

namespace hookctl {
namespace {

using hookline::Error;

Result<void> forget(Session& session, const std::string& id);
Result<void> remove_unopened(hookline::WebhookStore& webhooks, const std::string& id);

}  // namespace

void add_forget_command(CLI::App& group, Command& chosen) {
  const auto id = std::make_shared<std::string>();
  CLI::App* command =
      group.add_subcommand("forget", "remove a webhook that cannot be opened, its key being lost");
  command->add_option("ID", *id, "the webhook")->type_name("")->required();
  command->callback([id, &chosen] {
    chosen.opens_webhooks = false;
    chosen.run = [id](Session& session) { return forget(session, *id); };
  });
}

namespace {

Result<void> forget(Session& session, const std::string& id) {
  if (auto removed = remove_unopened(*session.store().webhooks(), id); !removed) return removed;
  if (!session.json()) {
    session.print(fmt::format("forgot {}\n", examples::printable(id)));
    return {};
  }
  examples::Json json;
  json.begin_object();
  json.text("forgotten", id);
  json.end_object();
  session.print(json.line());
  return {};
}

Result<void> remove_unopened(hookline::WebhookStore& webhooks, const std::string& id) {
  const auto stored = webhooks.changes(0);
  if (!stored) return tl::unexpected<Error>(stored.error());
  const auto found =
      std::find_if(stored->webhooks.begin(), stored->webhooks.end(),
                   [&](const auto& each) { return each.id == id && !each.document.empty(); });
  if (found == stored->webhooks.end()) {
    return refuse(fmt::format("id: there is no webhook {}", examples::printable(id)));
  }
  hookline::WebhookWrite removal;
  removal.webhook.id = id;
  removal.webhook.revision = removal.from_revision = found->revision;
  const auto written = webhooks.write({removal});
  if (!written) return tl::unexpected<Error>(written.error());
  return {};
}

}  // namespace
}  // namespace hookctl
