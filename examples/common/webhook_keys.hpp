#pragma once

#include <CLI/CLI.hpp>
#include <hookline/sealed_webhooks.hpp>
#include <memory>
#include <string>

#include "common/checked.hpp"

namespace examples {

/// Adds `--key-file FILE`. The text must outlive the app.
void add_key_option(CLI::App& app, std::string& key_file);

/// The webhooks of a store, sealed with the keys of the file; with an empty name as they stand. The
/// fault names `--key-file`, also for a file that others may read.
Checked<std::shared_ptr<hookline::WebhookStore>> with_keys(
    std::shared_ptr<hookline::WebhookStore> webhooks, const std::string& key_file);

/// The same for `--key-file` alone: what can be sealed anew.
Checked<std::shared_ptr<hookline::SealedWebhooks>> sealed_with(
    std::shared_ptr<hookline::WebhookStore> webhooks, const std::string& key_file);

}  // namespace examples
