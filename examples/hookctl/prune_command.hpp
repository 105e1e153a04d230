#pragma once

#include <CLI/CLI.hpp>

#include "hookctl/session.hpp"

namespace hookctl {

/// Adds `prune`. If it is parsed it becomes `chosen`, which must outlive the app.
void add_prune_command(CLI::App& app, Command& chosen);

}  // namespace hookctl
