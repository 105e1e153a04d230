#pragma once

#include <CLI/CLI.hpp>

#include "hookctl/session.hpp"

namespace hookctl {

/// Adds `webhooks` with commands of its own: `list`, `add`, `remove`, `enable`, `pause` and
/// `disable`. The one that is parsed becomes `chosen`, which must outlive the app.
void add_webhook_commands(CLI::App& app, Command& chosen);

}  // namespace hookctl
