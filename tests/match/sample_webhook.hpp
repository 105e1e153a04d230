#pragma once

#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "catch.hpp"
#include "hookline/import.hpp"
#include "hookline/webhook_registry.hpp"

namespace hookline::test {

/// A webhook that can be added as it is.
inline Webhook sample_webhook(std::string id = {}, std::string identifier = "contacts") {
  Webhook webhook;
  webhook.id = std::move(id);
  webhook.url = "https://hooks.acme.com/imports";
  webhook.import_identifiers = {std::move(identifier)};
  return webhook;
}

/// An import that fires it.
inline Import sample_import(std::string identifier = "contacts") {
  Import import;
  import.id = "025f399f-4370-4064-aed5-b8d16b597183";
  import.import_identifier = std::move(identifier);
  return import;
}

/// The value; a failed test with the error's message otherwise.
template <class T>
T value_of(Result<T> result) {
  INFO((result ? "" : result.error().message));
  REQUIRE(result.has_value());
  return *std::move(result);
}

/// The ids of what `WebhookRegistry::match` and the like found, in their order.
template <class Webhooks>
std::vector<std::string> ids_of(const Webhooks& webhooks) {
  std::vector<std::string> ids;
  for (const auto& webhook : webhooks) {
    if constexpr (std::is_same_v<std::decay_t<decltype(webhook)>, Webhook>) {
      ids.push_back(webhook.id);
    } else {
      ids.push_back(webhook->id);
    }
  }
  return ids;
}

using Ids = std::vector<std::string>;

}  // namespace hookline::test
