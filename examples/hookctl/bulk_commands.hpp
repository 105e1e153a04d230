#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>

#include "hookctl/session.hpp"

namespace hookctl {

/// Adds `recover`, `discard`, `erase` and `prune`, which may touch many deliveries: they work in
/// bites, so that a service that runs meanwhile goes on delivering. The one that is parsed becomes
/// `chosen`, which must outlive the app.
void add_bulk_commands(CLI::App& app, Command& chosen);

/// Takes off what the query finds, whatever its `after` and `limit` say, and returns how many
/// deliveries that were.
Result<std::uint64_t> discard_all(Session& session, hookline::DeliveryQuery query,
                                  const std::string& reason);

}  // namespace hookctl
