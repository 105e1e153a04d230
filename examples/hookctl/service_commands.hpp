#pragma once

#include <CLI/CLI.hpp>

#include "hookctl/session.hpp"

namespace hookctl {

/// Adds `pause`, `resume` and `stats`. The one that is parsed becomes `chosen`, which must outlive
/// the app.
void add_service_commands(CLI::App& app, Command& chosen);

}  // namespace hookctl
