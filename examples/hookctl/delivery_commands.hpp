#pragma once

#include <CLI/CLI.hpp>

#include "hookctl/session.hpp"

namespace hookctl {

/// Adds `list`, `show`, `replay` and `test`. The one that is parsed becomes `chosen`, which must
/// outlive the app.
void add_delivery_commands(CLI::App& app, Command& chosen);

}  // namespace hookctl
