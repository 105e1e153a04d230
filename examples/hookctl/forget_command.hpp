#pragma once

#include <CLI/CLI.hpp>

#include "hookctl/session.hpp"

namespace hookctl {

/// Adds `forget` to the commands about webhooks: the way out where one does not open any more.
void add_forget_command(CLI::App& group, Command& chosen);

}  // namespace hookctl
