#include "hookctl/webhook_text.hpp"

#include <fmt/format.h>

#include <chrono>
#include <string_view>

#include "common/printable.hpp"

namespace hookctl {
namespace {

using examples::printable;
using hookline::Webhook;

constexpr std::string_view kSecret = "[secret]";

void put_triggers(examples::Json& json, const Webhook& webhook);
void put_credentials(examples::Json& json, const Webhook& webhook);
void put_limits(examples::Json& json, const Webhook& webhook);
void put_texts(examples::Json& json, const char* name, const std::vector<std::string>& texts);

/// Without what may be secret: the query and, in a URL that no policy lets pass, what stands where
/// a user name and a password would.
std::string shown(const std::string& url) {
  std::string text = url.substr(0, url.find_first_of("?#"));
  const auto checked = hookline::AddressPolicy().check_url(url);
  if (checked || checked.error().code != hookline::ErrorCode::invalid_url) return text;
  const std::size_t scheme = text.find("://");
  const std::size_t begin = scheme == std::string::npos ? 0 : scheme + 3;
  const std::size_t at = text.rfind('@');
  if (at != std::string::npos && at >= begin) text.replace(begin, at - begin, kSecret);
  return text;
}

}  // namespace

void put(examples::Json& json, const Webhook& webhook, const std::string& refusal) {
  json.begin_object();
  json.text("id", webhook.id);
  json.text("tenant", webhook.tenant);
  json.text("url", shown(webhook.url));
  json.text("description", webhook.description);
  put_triggers(json, webhook);
  json.begin_array("headers");
  for (const hookline::HttpHeader& header : webhook.headers) {
    json.begin_object();
    json.text("name", header.name);
    json.text("value", header.value);
    json.end_object();
  }
  json.end_array();
  put_credentials(json, webhook);
  put_limits(json, webhook);
  json.text_or_null("state", refusal.empty() ? to_string(webhook.state) : "");
  json.text("disabled_reason", refusal.empty() ? webhook.disabled_reason : "");
  json.text_or_null("refused", refusal);
  json.time("created_at", webhook.created_at);
  json.time("updated_at", webhook.updated_at);
  json.number("revision", webhook.revision);
  json.end_object();
}

std::string table_of(const Session& session, const std::vector<Webhook>& webhooks) {
  constexpr const char* kRow = "{:<32}  {:<8}  {:<6}  {:<16}  {}{}\n";
  std::string text = fmt::format(kRow, "ID", "STATE", "SIGNED", "TENANT", "URL", "");
  for (const Webhook& webhook : webhooks) {
    const std::string refusal = session.refusal(webhook);
    const std::string& why = refusal.empty() ? webhook.disabled_reason : refusal;
    text += fmt::format(
        kRow, printable(webhook.id), refusal.empty() ? to_string(webhook.state) : "unknown",
        webhook.secrets.empty() ? "no" : "yes",
        webhook.tenant.empty() ? "-" : printable(webhook.tenant), printable(shown(webhook.url)),
        why.empty() ? "" : fmt::format("  ({})", printable(why)));
  }
  return text;
}

namespace {

void put_triggers(examples::Json& json, const Webhook& webhook) {
  json.flag("development_mode", webhook.development_mode);
  put_texts(json, "import_identifiers", webhook.import_identifiers);
  put_texts(json, "saved_schema_ids", webhook.saved_schema_ids);
  json.flag("all_imports", webhook.all_imports);
  json.begin_array("events");
  for (const hookline::Event event : webhook.events) json.element(to_string(event));
  json.end_array();
}

void put_credentials(examples::Json& json, const Webhook& webhook) {
  if (webhook.basic_auth) {
    json.key("basic_auth");
    json.begin_object();
    json.text("username", webhook.basic_auth->username);
    json.text("password", kSecret);
    json.end_object();
  } else {
    json.null("basic_auth");
  }
  json.text_or_null("bearer_token", webhook.bearer_token ? kSecret : "");
  if (webhook.client_certificate) {
    json.key("client_certificate");
    json.begin_object();
    json.text("certificate", webhook.client_certificate->certificate);
    json.text("key", kSecret);
    json.end_object();
  } else {
    json.null("client_certificate");
  }
  put_texts(json, "secrets", {webhook.secrets.size(), std::string(kSecret)});
}

void put_limits(examples::Json& json, const Webhook& webhook) {
  json.number_or_null("max_in_flight", webhook.max_in_flight);
  webhook.rate_limit ? json.decimal("rate_limit", *webhook.rate_limit) : json.null("rate_limit");
  json.text("ordering", to_string(webhook.ordering));
  if (!webhook.retry_schedule) return json.null("retry_schedule");
  json.begin_array("retry_schedule");
  for (const auto delay : *webhook.retry_schedule) {
    json.element(std::chrono::duration<double>(delay).count());
  }
  json.end_array();
}

void put_texts(examples::Json& json, const char* name, const std::vector<std::string>& texts) {
  json.begin_array(name);
  for (const std::string& text : texts) json.element(text);
  json.end_array();
}

}  // namespace
}  // namespace hookctl
