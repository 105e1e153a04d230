#pragma once

#include <CLI/CLI.hpp>
#include <hookline/address_policy.hpp>
#include <string>
#include <vector>

#include "common/checked.hpp"

namespace examples {

/// What webhooks may have for an address beyond https and public networks.
struct AddressOptions {
  bool allow_http = false;
  std::vector<std::string> allow_cidrs;
};

/// Adds `--allow-http` and `--allow CIDR`. The options must outlive the app.
void add_address_options(CLI::App& app, AddressOptions& options);

/// The fault names `--allow`.
Checked<hookline::AddressPolicy> address_policy(const AddressOptions& options);

}  // namespace examples
