#include <fmt/format.h>
#include <rapidjson/writer.h>

#include <cmath>
#include <utility>

#include "base/iso8601.hpp"
#include "base/utf8.hpp"
#include "base/wiped.hpp"
#include "match/registry_json.hpp"
#include "match/webhook_check.hpp"

namespace hookline::detail {
namespace {

/// Where RapidJSON writes to.
class StringStream {
 public:
  using Ch = char;
  explicit StringStream(WipedText& out) : out_(out) {}
  void Put(char c) { out_.push_back(c); }
  void Flush() {}

 private:
  WipedText& out_;
};

/// The registry's own times, which are never outside the years that have four digits.
std::string time_text(std::chrono::system_clock::time_point time) {
  return to_iso8601(std::chrono::floor<std::chrono::microseconds>(time.time_since_epoch()))
      .value_or("");
}

class RegistryWriter {
 public:
  RegistryWriter(WipedText& out, Secrets secrets)
      : stream_(out), writer_(stream_), secrets_(secrets) {}

  /// `visit_all` calls what it is given with each webhook.
  template <class VisitAll>
  void write_document(VisitAll&& visit_all) {
    writer_.StartObject();
    key("version");
    writer_.Uint(1);
    key("webhooks");
    writer_.StartArray();
    visit_all([&](const Webhook& webhook) { write(webhook); });
    writer_.EndArray();
    writer_.EndObject();
  }

 private:
  void write(const Webhook& webhook) {
    writer_.StartObject();
    member("id", webhook.id);
    if (!webhook.tenant.empty()) member("tenant", webhook.tenant);
    member("url", webhook.url);
    if (!webhook.description.empty()) member("description", webhook.description);
    write_triggers(webhook);
    write_headers(webhook.headers);
    write_credentials(webhook);
    write_limits(webhook);
    write_history(webhook);
    writer_.EndObject();
  }

  void write_triggers(const Webhook& webhook) {
    key("development_mode");
    writer_.Bool(webhook.development_mode);
    write_list("import_identifiers", webhook.import_identifiers, [&](auto& id) { text(id); });
    write_list("saved_schema_ids", webhook.saved_schema_ids, [&](auto& id) { text(id); });
    if (webhook.all_imports) {
      key("all_imports");
      writer_.Bool(true);
    }
    write_list("events", webhook.events, [&](Event event) { text(to_string(event)); });
  }

  void write_headers(const std::vector<HttpHeader>& headers) {
    write_list("headers", headers, [&](const HttpHeader& header) {
      writer_.StartObject();
      member("name", header.name);
      member("value", header.value);
      writer_.EndObject();
    });
  }

  void write_credentials(const Webhook& webhook) {
    if (webhook.basic_auth) {
      key("basic_auth");
      writer_.StartObject();
      member("username", webhook.basic_auth->username);
      member("password", shown(webhook.basic_auth->password));
      writer_.EndObject();
    }
    if (webhook.bearer_token) member("bearer_token", shown(*webhook.bearer_token));
    if (webhook.client_certificate) {
      key("client_certificate");
      writer_.StartObject();
      member("certificate", webhook.client_certificate->certificate);
      member("key", shown(webhook.client_certificate->key));
      writer_.EndObject();
    }
    write_list("secrets", webhook.secrets, [&](const Secret& secret) { text(shown(secret)); });
  }

  void write_limits(const Webhook& webhook) {
    if (webhook.max_in_flight) {
      key("max_in_flight");
      writer_.Uint(*webhook.max_in_flight);
    }
    if (webhook.rate_limit) {
      key("rate_limit");
      write_thousandths(std::llround(*webhook.rate_limit * 1000));
    }
    if (webhook.ordering != Ordering::none) member("ordering", to_string(webhook.ordering));
    if (!webhook.retry_schedule) return;
    key("retry_schedule");
    writer_.StartArray();
    for (const auto delay : *webhook.retry_schedule) write_thousandths(delay.count());
    writer_.EndArray();
  }

  /// As a decimal number, which reads back as it was.
  void write_thousandths(std::int64_t count) {
    const std::string_view sign = count < 0 ? "-" : "";
    const std::uint64_t size = count < 0 ? 0 - static_cast<std::uint64_t>(count) : count;
    std::string number = fmt::format("{}{}", sign, size / 1000);
    if (size % 1000 != 0) {
      number += fmt::format(".{:03}", size % 1000);
      number.erase(number.find_last_not_of('0') + 1);
    }
    writer_.RawValue(number.data(), number.size(), rapidjson::kNumberType);
  }

  void write_history(const Webhook& webhook) {
    member("state", to_string(webhook.state));
    if (!webhook.disabled_reason.empty()) member("disabled_reason", webhook.disabled_reason);
    member("created_at", time_text(webhook.created_at));
    member("updated_at", time_text(webhook.updated_at));
    key("revision");
    writer_.Uint64(webhook.revision);
  }

  template <class T, class Write>
  void write_list(std::string_view name, const std::vector<T>& values, Write&& write_one) {
    if (values.empty()) return;
    key(name);
    writer_.StartArray();
    for (const T& value : values) write_one(value);
    writer_.EndArray();
  }

  [[nodiscard]] std::string_view shown(const Secret& secret) const {
    return secrets_ == Secrets::revealed ? secret.reveal() : kRedacted;
  }

  void member(std::string_view name, std::string_view value) {
    key(name);
    text(value);
  }
  void key(std::string_view name) {
    writer_.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
  }
  void text(std::string_view value) {
    // RapidJSON takes no null pointer, which an empty view may hold.
    const char* data = value.empty() ? "" : value.data();
    writer_.String(data, static_cast<rapidjson::SizeType>(value.size()));
  }

  StringStream stream_;
  rapidjson::Writer<StringStream> writer_;
  Secrets secrets_;
};

}  // namespace

std::string write_registry(const RegistryIndex& index, Secrets secrets) {
  WipedText out;
  RegistryWriter(out, secrets).write_document([&](auto&& write) {
    index.visit_all([&](const WebhookPtr& webhook) { write(*webhook); });
  });
  return {out.data(), out.size()};
}

Secret write_webhook(const Webhook& webhook) {
  WipedText out;
  RegistryWriter(out, Secrets::revealed).write_document([&](auto&& write) { write(webhook); });
  return Secret(std::string(out.data(), out.size()));
}

}  // namespace hookline::detail
