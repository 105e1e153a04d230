#include "common/address_options.hpp"

#include <fmt/format.h>

namespace examples {

void add_address_options(CLI::App& app, AddressOptions& options) {
  app.add_flag("--allow-http", options.allow_http, "let webhooks have http URLs");
  app.add_option("--allow", options.allow_cidrs, "let webhooks have addresses of this network")
      ->type_name("CIDR")
      ->allow_extra_args(false);
}

Checked<hookline::AddressPolicy> address_policy(const AddressOptions& options) {
  hookline::AddressPolicyOptions rules;
  rules.allow_http = options.allow_http;
  rules.allow_cidrs = options.allow_cidrs;
  const auto policy = hookline::AddressPolicy::create(rules);
  if (!policy) return tl::unexpected(fmt::format("--allow: {}", policy.error().message));
  return *policy;
}

}  // namespace examples
