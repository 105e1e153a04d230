#pragma once

#include <CLI/CLI.hpp>

#include "hookctl/session.hpp"

namespace hookctl {

/// Adds `webhooks add`: a webhook from options, or all of a file in the registry's JSON form. If it
/// is parsed it becomes `chosen`, which must outlive the app.
void add_webhook_add(CLI::App& group, Command& chosen);

}  // namespace hookctl
