#include "hookctl/webhook_add.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "common/json.hpp"
#include "common/printable.hpp"
#include "common/text_file.hpp"
#include "hookctl/webhook_text.hpp"

namespace hookctl {
namespace {

using hookline::Error;
using hookline::Webhook;

constexpr std::size_t kMaxSecretsBytes = 64 * 1024;
constexpr std::size_t kMaxPemBytes = 64 * 1024;

struct AddOptions {
  Webhook webhook;
  std::vector<std::string> events;
  std::vector<std::string> headers;
  std::string secret_file;
  bool generate_secret = false;
  std::string client_certificate_file;
  std::string client_key_file;
  bool fifo = false;
  std::string document;  ///< a file with webhooks; empty: the options make one
};

void add_options(CLI::App& command, AddOptions& options);
Result<void> add(Session& session, const AddOptions& options);
Result<void> add_document(Session& session, const std::string& path);
Result<std::vector<Webhook>> read_document(Session& session, const std::string& path);
Result<Webhook> webhook_of(const AddOptions& options);
Result<void> read_secrets(const std::string& path, Webhook& webhook);
Result<void> read_client_certificate(const AddOptions& options, Webhook& webhook);
Result<hookline::HttpHeader> header_of(const std::string& text);
void print_added(Session& session, const std::vector<Webhook>& added,
                 const std::optional<hookline::Secret>& generated);

}  // namespace

void add_webhook_add(CLI::App& group, Command& chosen) {
  const auto options = std::make_shared<AddOptions>();
  CLI::App* command = group.add_subcommand("add", "add a webhook; makes the file if need be");
  add_options(*command, *options);
  command->callback([options, &chosen] {
    chosen.may_create = true;
    chosen.run = [options](Session& session) {
      return options->document.empty() ? add(session, *options)
                                       : add_document(session, options->document);
    };
  });
}

namespace {

void add_options(CLI::App& command, AddOptions& options) {
  CLI::Option* document = command.add_option("--from", options.document,
                                             "add all webhooks of this file, which is in the "
                                             "registry's JSON form; goes with no other option");
  document->type_name("FILE.json");
  const auto add = [&](const char* name, auto& target, const char* type, const char* about) {
    CLI::Option* option = command.add_option(name, target, about)->type_name(type);
    document->excludes(option);
    return option;
  };
  const auto add_list = [&](const char* name, auto& target, const char* type, const char* about) {
    add(name, target, type, about)->allow_extra_args(false);
  };
  const auto add_flag = [&](const char* name, bool& target, const char* about) {
    CLI::Option* option = command.add_flag(name, target, about);
    document->excludes(option);
    return option;
  };
  Webhook& webhook = options.webhook;
  add("--url", webhook.url, "URL", "where to; required");
  add("--id", webhook.id, "ID", "its id; one is made up without it");
  add("--tenant", webhook.tenant, "NAME", "for imports of this tenant");
  add("--description", webhook.description, "TEXT", "a note");
  add_list("--identifier", webhook.import_identifiers, "NAME", "for this import identifier");
  add_list("--schema", webhook.saved_schema_ids, "ID", "for this saved schema");
  add_flag("--all", webhook.all_imports, "for every import");
  add_flag("--development", webhook.development_mode, "for imports in development mode");
  add_list("--event", options.events, "EVENT", "only this event");
  add_list("--header", options.headers, "'NAME: VALUE'", "send this with every request");
  CLI::Option* file = add("--secret-file", options.secret_file, "FILE",
                          "sign with the secrets in this file, one a line");
  add_flag("--generate-secret", options.generate_secret, "sign with a new secret, and show it once")
      ->excludes(file);
  CLI::Option* certificate = add("--client-certificate", options.client_certificate_file, "FILE",
                                 "show this certificate, in PEM, to a receiver that asks for one");
  CLI::Option* key = add("--client-key", options.client_key_file, "FILE",
                         "its key, in PEM and without a pass phrase");
  certificate->needs(key);
  key->needs(certificate);
  add("--rate-limit", webhook.rate_limit, "N", "at most so many requests a second");
  add("--max-in-flight", webhook.max_in_flight, "N", "at most so many requests at a time");
  add_flag("--fifo", options.fifo, "one after the other, in order");
}

Result<void> add(Session& session, const AddOptions& options) {
  if (options.webhook.url.empty()) return refuse("--url is required, or --from FILE.json");
  auto webhook = webhook_of(options);
  if (!webhook) return tl::unexpected<Error>(webhook.error());
  std::optional<hookline::Secret> generated;
  if (options.generate_secret) {
    auto secret = hookline::generate_secret();
    if (!secret) return tl::unexpected<Error>(secret.error());
    generated = *secret;
    webhook->secrets.push_back(*secret);
  }
  const auto added = session.registry().add(*std::move(webhook));
  if (!added) return tl::unexpected<Error>(added.error());
  print_added(session, {*added}, generated);
  return {};
}

/// What can be wrong is looked for before anything is added.
Result<void> add_document(Session& session, const std::string& path) {
  const auto webhooks = read_document(session, path);
  if (!webhooks) return tl::unexpected<Error>(webhooks.error());
  std::vector<Webhook> added;
  for (const Webhook& webhook : *webhooks) {
    auto one = session.registry().add(webhook);
    if (!one) {
      return refuse(fmt::format("{}: webhook {}: {}; {} before it were added", path, webhook.id,
                                one.error().message, added.size()));
    }
    added.push_back(*std::move(one));
  }
  print_added(session, added, std::nullopt);
  return {};
}

Result<std::vector<Webhook>> read_document(Session& session, const std::string& path) {
  const auto json = examples::read_text_file(path, examples::kMaxDocumentBytes);
  if (!json) return refuse("--from: " + json.error());
  hookline::WebhookRegistry registry(session.registry().address_policy());
  const auto loaded = registry.load_json(*json);
  if (!loaded) return refuse(fmt::format("{}: {}", path, loaded.error().message));
  if (!loaded->disabled.empty()) {
    return refuse(fmt::format("{}: webhook {}", path, loaded->disabled.front()));
  }
  std::vector<Webhook> webhooks;
  hookline::WebhookQuery query;
  do {
    auto page = registry.list(query);
    if (!page) return tl::unexpected<Error>(page.error());
    for (Webhook& webhook : page->webhooks) {
      if (session.registry().get(webhook.id)) {
        return refuse(
            fmt::format("{}: there is a webhook {} already; nothing was added", path, webhook.id));
      }
      webhooks.push_back(std::move(webhook));
    }
    query.after = page->next;
  } while (!query.after.empty());
  return webhooks;
}

Result<Webhook> webhook_of(const AddOptions& options) {
  Webhook webhook = options.webhook;
  if (options.fifo) webhook.ordering = hookline::Ordering::fifo;
  for (const std::string& name : options.events) {
    const auto event = hookline::event_from_string(name);
    if (!event) {
      return refuse(
          fmt::format("--event: {} is none; there are import_completed, "
                      "headless_import_needs_review and headless_import_failed",
                      name));
    }
    webhook.events.push_back(*event);
  }
  for (const std::string& text : options.headers) {
    auto header = header_of(text);
    if (!header) return tl::unexpected<Error>(header.error());
    webhook.headers.push_back(*std::move(header));
  }
  if (auto read = read_client_certificate(options, webhook); !read) {
    return tl::unexpected<Error>(read.error());
  }
  if (options.secret_file.empty()) return webhook;
  if (auto read = read_secrets(options.secret_file, webhook); !read) {
    return tl::unexpected<Error>(read.error());
  }
  return webhook;
}

Result<void> read_secrets(const std::string& path, Webhook& webhook) {
  const auto text = examples::read_text_file(path, kMaxSecretsBytes);
  if (!text) return refuse("--secret-file: " + text.error());
  std::istringstream words(*text);
  for (std::string word; words >> word;) webhook.secrets.emplace_back(std::move(word));
  if (webhook.secrets.empty()) return refuse(fmt::format("--secret-file: {} is empty", path));
  return {};
}

Result<void> read_client_certificate(const AddOptions& options, Webhook& webhook) {
  if (options.client_certificate_file.empty()) return {};
  auto certificate = examples::read_text_file(options.client_certificate_file, kMaxPemBytes);
  if (!certificate) return refuse("--client-certificate: " + certificate.error());
  auto key = examples::read_text_file(options.client_key_file, kMaxPemBytes);
  if (!key) return refuse("--client-key: " + key.error());
  webhook.client_certificate = {*std::move(certificate), hookline::Secret(*std::move(key))};
  return {};
}

Result<hookline::HttpHeader> header_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos) {
    return refuse(fmt::format("--header: {} has no colon; write 'NAME: VALUE'", text));
  }
  const std::size_t value = text.find_first_not_of(" \t", colon + 1);
  return hookline::HttpHeader{text.substr(0, colon),
                              value == std::string::npos ? "" : text.substr(value)};
}

void print_added(Session& session, const std::vector<Webhook>& added,
                 const std::optional<hookline::Secret>& generated) {
  const std::string secret(generated ? generated->reveal() : "");
  if (!session.json()) {
    for (const Webhook& webhook : added) {
      session.print(fmt::format("added {}\n", examples::printable(webhook.id)));
    }
    if (generated) session.print(fmt::format("secret {}  (it is not shown again)\n", secret));
    return;
  }
  examples::Json json;
  json.begin_object();
  json.begin_array("webhooks");
  for (const Webhook& webhook : added) put(json, webhook, "");
  json.end_array();
  json.text_or_null("secret", secret);
  json.end_object();
  session.print(json.line());
}

}  // namespace
}  // namespace hookctl
