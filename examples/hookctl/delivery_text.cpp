#include "hookctl/delivery_text.hpp"

#include <fmt/format.h>

#include "common/delivery_json.hpp"
#include "common/printable.hpp"
#include "common/times.hpp"

namespace hookctl {
namespace {

using examples::printable;
using examples::time_text;

constexpr const char* kRow = "{:>8}  {:<9}  {:<27}  {:>5}  {:>4}  {:<16}  {:<16}  {:<36}  {}\n";

std::string or_dash(const std::string& text) { return text.empty() ? "-" : printable(text); }

std::string webhook_of(const hookline::Delivery& delivery) {
  return delivery.webhook_id.empty() ? "(basic)" : printable(delivery.webhook_id);
}

template <class T>
std::string number_or_dash(const std::optional<T>& number) {
  return number ? fmt::format("{}", *number) : "-";
}

std::string time_or_dash(const std::optional<std::chrono::system_clock::time_point>& time) {
  return time ? time_text(*time) : "-";
}

}  // namespace

void put(examples::Json& json, const hookline::Delivery& delivery) {
  json.begin_object();
  json.number("id", delivery.id);
  json.text("tenant", delivery.tenant);
  json.text("import", delivery.import_id);
  json.text("event", to_string(delivery.event));
  put_standing(json, delivery);
  json.time("created_at", delivery.created_at);
  json.time("next_attempt_at", delivery.next_attempt_at);
  json.time("finished_at", delivery.finished_at);
  json.number_or_null("replay_of", delivery.replay_of);
  json.end_object();
}

void put(examples::Json& json, const hookline::Attempt& attempt) {
  json.begin_object();
  json.number("number", attempt.number);
  json.time("started_at", attempt.started_at);
  json.number("duration_ms", static_cast<std::uint64_t>(attempt.duration.count()));
  json.text("url", attempt.url);
  json.number_or_null("http_status", attempt.http_status);
  json.text_or_null("failure", attempt.failure ? to_string(*attempt.failure) : "");
  json.text_or_null("error", attempt.error);
  json.text("response_body", attempt.response_body);
  json.end_object();
}

std::string table_of(const std::vector<hookline::Delivery>& deliveries) {
  std::string text = fmt::format(kRow, "ID", "STATUS", "CREATED", "TRIES", "HTTP", "WEBHOOK",
                                 "TENANT", "IMPORT", "ERROR");
  for (const auto& delivery : deliveries) {
    text +=
        fmt::format(kRow, delivery.id, to_string(delivery.status), time_text(delivery.created_at),
                    delivery.attempts, number_or_dash(delivery.http_status), webhook_of(delivery),
                    or_dash(delivery.tenant), or_dash(delivery.import_id), or_dash(delivery.error));
  }
  return text;
}

std::string text_of(const hookline::Delivery& delivery,
                    const std::vector<hookline::Attempt>& attempts) {
  std::string text;
  const auto row = [&](const char* name, const std::string& value) {
    text += fmt::format("{:<13} {}\n", name, value);
  };
  row("delivery", std::to_string(delivery.id));
  row("status", std::string(to_string(delivery.status)));
  row("tenant", or_dash(delivery.tenant));
  row("webhook", webhook_of(delivery));
  row("url", or_dash(delivery.url));
  row("import", or_dash(delivery.import_id));
  row("event", std::string(to_string(delivery.event)));
  row("message", or_dash(delivery.message_id));
  row("replay of", number_or_dash(delivery.replay_of));
  row("created", time_text(delivery.created_at));
  row("next attempt", time_or_dash(delivery.next_attempt_at));
  row("finished", time_or_dash(delivery.finished_at));
  row("error", or_dash(delivery.error));
  for (const auto& attempt : attempts) {
    row(fmt::format("attempt {}", attempt.number).c_str(),
        fmt::format("{}  {} ms  {}  {}", time_text(attempt.started_at), attempt.duration.count(),
                    number_or_dash(attempt.http_status), or_dash(attempt.error)));
    if (!attempt.response_body.empty()) row("  answer", printable(attempt.response_body));
  }
  return text;
}

}  // namespace hookctl
