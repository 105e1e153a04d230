#include "match/webhook_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <initializer_list>
#include <numeric>
#include <string>
#include <utility>

#include "base/http_rules.hpp"
#include "base/retry_schedule.hpp"
#include "base/text.hpp"
#include "base/utf8.hpp"
#include "hookline/signer.hpp"
#include "match/client_certificate_check.hpp"

namespace hookline::detail {
namespace {

constexpr std::size_t kMaxFaults = 50;
constexpr std::size_t kMaxDescription = 4096;
constexpr std::size_t kMaxTrigger = 1024;
constexpr std::size_t kMaxTriggers = 10'000;
constexpr std::size_t kMaxHeaders = 100;
constexpr std::size_t kMaxHeaderBytes = 8192;
constexpr std::size_t kMaxCredential = 4096;
constexpr std::size_t kMaxSecrets = 10;
constexpr std::uint32_t kMaxInFlight = 1000;
constexpr double kMinRate = 0.001;
constexpr double kMaxRate = 1000;

bool starts_with_http(std::string_view url) {
  return equal_ignoring_case(url.substr(0, 5), "http:");
}

/// Collects the faults of one webhook.
class Check {
 public:
  explicit Check(const Webhook& webhook) : webhook_(webhook) {}

  std::vector<std::string> run(const AddressPolicy& policy) {
    check_texts();
    check_url(policy);
    check_triggers();
    check_events();
    check_headers();
    check_basic_auth();
    check_bearer_token();
    check_client_certificate();
    check_secrets();
    check_limits();
    return std::move(faults_);
  }

 private:
  template <class... Args>
  void fault(fmt::format_string<Args...> format, Args&&... args) {
    faults_.push_back(fmt::format(format, std::forward<Args>(args)...));
  }

  void check_text(std::string_view field, std::string_view text, std::size_t max_bytes) {
    if (const auto why = text_fault(text, max_bytes)) fault("{}: {}", field, *why);
  }

  void check_texts() {
    if (!webhook_.id.empty() && !is_identifier(webhook_.id)) {
      fault("id: {} is not 1 to 128 of A-Z a-z 0-9 _ -; leave it empty to have one made up",
            quoted(webhook_.id));
    }
    check_text("tenant", webhook_.tenant, kMaxTenant);
    check_text("description", webhook_.description, kMaxDescription);
    check_text("disabled_reason", webhook_.disabled_reason, kMaxReason);
  }

  void check_url(const AddressPolicy& policy) {
    const auto checked = policy.check_url(webhook_.url);
    if (!checked) fault("{}", checked.error().message);
  }

  void check_triggers() {
    const std::size_t count = webhook_.import_identifiers.size() + webhook_.saved_schema_ids.size();
    if (webhook_.all_imports && count > 0) {
      fault(
          "all_imports: stands beside import_identifiers or saved_schema_ids; empty the lists, or "
          "set it to false");
    }
    if (!webhook_.all_imports && count == 0) {
      fault(
          "import_identifiers: without a trigger it would never fire; name import identifiers or "
          "saved_schema_ids, or set all_imports");
    }
    if (count > kMaxTriggers) {
      fault("import_identifiers: {} triggers are more than {}; use several webhooks", count,
            kMaxTriggers);
      return;
    }
    check_trigger_list("import_identifiers", webhook_.import_identifiers);
    check_trigger_list("saved_schema_ids", webhook_.saved_schema_ids);
  }

  void check_trigger_list(std::string_view field, const std::vector<std::string>& values) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (values[i].empty()) {
        fault("{}[{}]: must not be empty; take it out", field, i);
      } else if (const auto why = text_fault(values[i], kMaxTrigger)) {
        fault("{}[{}]: {}", field, i, *why);
      }
    }
    check_duplicates(field, values.size(),
                     [&](std::size_t a, std::size_t b) { return values[a].compare(values[b]); });
  }

  /// Names each entry that equals an earlier one. By sorting: a list may be long.
  template <class Compare>
  void check_duplicates(std::string_view field, std::size_t count, Compare&& compare) {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::stable_sort(order.begin(), order.end(),
                     [&](std::size_t a, std::size_t b) { return compare(a, b) < 0; });
    std::vector<std::pair<std::size_t, std::size_t>> duplicates;
    for (std::size_t i = 1; i < count; ++i) {
      if (compare(order[i - 1], order[i]) == 0) duplicates.emplace_back(order[i], order[i - 1]);
    }
    std::sort(duplicates.begin(), duplicates.end());
    for (const auto& [later, earlier] : duplicates) {
      fault("{0}[{1}]: stands already at {0}[{2}]; take one out", field, later, earlier);
    }
  }

  /// Numbers that are no enumerator would be saved under names that cannot be loaded.
  void check_enumerators() {
    for (std::size_t i = 0; i < webhook_.events.size(); ++i) {
      if (!event_from_string(to_string(webhook_.events[i]))) fault("events[{}]: is no event", i);
    }
    if (to_string(webhook_.state) == "unknown") fault("state: is no state of a webhook");
    if (to_string(webhook_.ordering) == "unknown") fault("ordering: is no order of deliveries");
  }

  void check_events() {
    check_enumerators();
    const auto& events = webhook_.events;
    check_duplicates("events", events.size(), [&](std::size_t a, std::size_t b) {
      return static_cast<int>(events[a]) - static_cast<int>(events[b]);
    });
  }

  void check_headers() {
    const auto& headers = webhook_.headers;
    if (headers.size() > kMaxHeaders) {
      fault("headers: {} are more than {}; take some out", headers.size(), kMaxHeaders);
      return;
    }
    std::size_t bytes = 0;
    std::vector<std::string> names;
    for (std::size_t i = 0; i < headers.size(); ++i) {
      check_header(i, headers[i]);
      bytes += headers[i].name.size() + headers[i].value.size() + 4;  // ": " and CR LF
      names.push_back(lower(headers[i].name));
    }
    if (bytes > kMaxHeaderBytes) {
      fault("headers: {} bytes are more than {}; shorten them", bytes, kMaxHeaderBytes);
    }
    check_duplicates("headers", names.size(),
                     [&](std::size_t a, std::size_t b) { return names[a].compare(names[b]); });
  }

  void check_header(std::size_t i, const HttpHeader& header) {
    if (const auto why = header_name_fault(header.name)) fault("headers[{}].name: {}", i, *why);
    if (const auto why = header_value_fault(header.value)) fault("headers[{}].value: {}", i, *why);
    const bool has_credentials = webhook_.basic_auth || webhook_.bearer_token;
    if (has_credentials && equal_ignoring_case(header.name, "authorization")) {
      fault(
          "headers[{}].name: authorization comes from basic_auth or bearer_token; take one of the "
          "two out",
          i);
    }
  }

  /// RFC 7617, 2: no colon in the user name, no control characters in either.
  void check_basic_auth() {
    if (!webhook_.basic_auth) return;
    if (webhook_.bearer_token) {
      fault("basic_auth: stands beside bearer_token; a request carries one of them, take one out");
    }
    const std::string& username = webhook_.basic_auth->username;
    const std::string_view password = webhook_.basic_auth->password.reveal();
    if (username.find(':') != std::string::npos) {
      fault("basic_auth.username: must not hold a colon, which ends it (RFC 7617)");
    }
    check_credential("basic_auth.username", username);
    check_credential("basic_auth.password", password);
    if (password == kRedacted) {
      fault("basic_auth.password: is the text that stands for a hidden one; give the password");
    }
  }

  void check_credential(std::string_view field, std::string_view text) {
    check_text(field, text, kMaxCredential);
    const auto is_control = [](char c) { return (c > 0 && c < 0x20) || c == 0x7f; };
    if (std::any_of(text.begin(), text.end(), is_control)) {
      fault("{}: must not hold control characters; take them out", field);
    }
  }

  /// RFC 6750, 2.1: `b64token`.
  void check_bearer_token() {
    if (!webhook_.bearer_token) return;
    const std::string_view token = webhook_.bearer_token->reveal();
    const std::string_view body = token.substr(0, token.find_last_not_of('=') + 1);
    const bool well_formed = !body.empty() && std::all_of(body.begin(), body.end(), [](char c) {
      return is_alnum(c) || std::string_view("-._~+/").find(c) != std::string_view::npos;
    });
    if (!well_formed) {
      fault(
          "bearer_token: must be letters, digits and -._~+/ with = at the end only (RFC 6750); "
          "give "
          "the token without \"Bearer \" and without line ends");
    }
    if (token.size() > kMaxCredential) {
      fault("bearer_token: is longer than {} bytes", kMaxCredential);
    }
  }

  void check_client_certificate() {
    if (!webhook_.client_certificate) return;
    if (starts_with_http(webhook_.url)) {
      fault("client_certificate: no receiver asks for it over http; use https or take it out");
    }
    for (std::string& each : client_certificate_faults(*webhook_.client_certificate)) {
      faults_.push_back(std::move(each));
    }
  }

  void check_secrets() {
    const auto& secrets = webhook_.secrets;
    if (secrets.size() > kMaxSecrets) {
      fault("secrets: {} are more than {}; take the old ones out", secrets.size(), kMaxSecrets);
      return;
    }
    for (std::size_t i = 0; i < secrets.size(); ++i) {
      check_secret(i);
      for (std::size_t earlier = 0; earlier < i; ++earlier) {
        if (secrets[earlier] != secrets[i]) continue;
        fault("secrets[{}]: stands already at secrets[{}]; take one out", i, earlier);
        break;
      }
    }
  }

  /// One at a time, because `Signer::from_secrets` stops at the first fault. It counts from the
  /// list that it was given.
  void check_secret(std::size_t i) {
    const auto signer = Signer::from_secrets(std::vector<Secret>{webhook_.secrets[i]});
    if (signer) return;
    constexpr std::string_view kField = "secrets[0]: ";
    std::string_view message = signer.error().message;
    if (message.substr(0, kField.size()) == kField) message.remove_prefix(kField.size());
    fault("secrets[{}]: {}", i, message);
  }

  void check_limits() {
    const auto& max_in_flight = webhook_.max_in_flight;
    if (max_in_flight && (*max_in_flight < 1 || *max_in_flight > kMaxInFlight)) {
      fault("max_in_flight: {} is not 1 to {}; pause the webhook to stop its deliveries",
            *max_in_flight, kMaxInFlight);
    }
    const auto& rate = webhook_.rate_limit;
    if (rate && !(*rate >= kMinRate && *rate <= kMaxRate)) {
      fault("rate_limit: {} requests a second are not {} to {}; leave it out for no limit", *rate,
            kMinRate, kMaxRate);
    } else if (rate && std::abs(*rate * 1000 - std::round(*rate * 1000)) > 1e-6) {
      fault("rate_limit: {} has more than three decimal places; round it", *rate);
    }
    if (!webhook_.retry_schedule) return;
    for (std::string& each : retry_schedule_faults(*webhook_.retry_schedule)) {
      faults_.push_back(std::move(each));
    }
  }

  const Webhook& webhook_;
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> faults_of(const Webhook& webhook, const AddressPolicy& policy) {
  return Check(webhook).run(policy);
}

std::string joined(const std::vector<std::string>& faults) {
  const std::size_t shown = std::min(faults.size(), kMaxFaults);
  const auto last = faults.begin() + static_cast<std::ptrdiff_t>(shown);
  std::string text = fmt::format("{}", fmt::join(faults.begin(), last, "; "));
  if (shown < faults.size()) text += fmt::format("; and {} more", faults.size() - shown);
  return text;
}

std::optional<std::string> disable_if_faulty(Webhook& webhook, const AddressPolicy& policy) {
  const auto faults = faults_of(webhook, policy);
  std::optional<std::string> reason;
  if (!faults.empty()) {
    reason = joined(faults);
    if (webhook.state != WebhookState::disabled) webhook.disabled_reason = *reason;
    webhook.state = WebhookState::disabled;
    webhook.disabled_reason = fit_reason(webhook.disabled_reason);
  }
  settle_state(webhook);
  return reason;
}

void settle_state(Webhook& webhook) {
  if (webhook.state != WebhookState::disabled) {
    webhook.disabled_reason.clear();
  } else if (webhook.disabled_reason.empty()) {
    webhook.disabled_reason = "by the operator";
  }
}

std::optional<std::string> text_fault(std::string_view text, std::size_t max_bytes) {
  if (text.size() > max_bytes) {
    return fmt::format("{} bytes are more than {}; shorten it", text.size(), max_bytes);
  }
  for (std::size_t at = 0; at < text.size();) {
    const Utf8Char next = decode_utf8(text.substr(at));
    if (!next.valid) return fmt::format("is not UTF-8 at byte {}; encode it as UTF-8", at);
    if (next.code_point == 0) return fmt::format("holds a NUL at byte {}; take it out", at);
    at += next.length;
  }
  return std::nullopt;
}

std::string fit_reason(std::string_view reason) {
  std::string fit;
  while (!reason.empty()) {
    const Utf8Char next = decode_utf8(reason);
    const bool keep = next.valid && next.code_point != 0;
    const std::string_view piece = keep ? reason.substr(0, next.length) : "\xef\xbf\xbd";
    if (fit.size() + piece.size() > kMaxReason) break;
    fit += piece;
    reason.remove_prefix(next.length);
  }
  return fit;
}

}  // namespace hookline::detail
