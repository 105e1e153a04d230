#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "hookline/client_certificate.hpp"
#include "hookline/event.hpp"
#include "hookline/export.hpp"
#include "hookline/http_header.hpp"
#include "hookline/secret.hpp"

namespace hookline {

/// What a webhook does with events.
enum class WebhookState {
  enabled,  ///< events are accepted and delivered
  paused,   ///< events are accepted; their deliveries wait until it is enabled again
  disabled  ///< no new events; what waits is kept until it is enabled again or removed
};

/// `enabled`, `paused`, `disabled`.
[[nodiscard]] HOOKLINE_API std::string_view to_string(WebhookState state);

/// In which order a webhook gets its deliveries.
enum class Ordering {
  none,  ///< as they come, several at a time
  /// One after the other, in the order in which their dispatches became durable. One that fails is
  /// tried again before the next one is, and blocks the others until it ends.
  fifo
};

/// `none`, `fifo`.
[[nodiscard]] HOOKLINE_API std::string_view to_string(Ordering ordering);

/// A user name and a password for the `authorization: Basic` header (RFC 7617).
struct BasicCredentials {
  std::string username;  ///< no colon in it
  Secret password;
};

/// A managed webhook: configured once, kept in the `WebhookRegistry`, fired by every import that
/// its triggers match. A plain value: `add` and `update` check it as a whole.
struct Webhook {
  std::string id;      ///< `[A-Za-z0-9_-]`, at most 128; empty on `add`: one is made up
  std::string tenant;  ///< fires for imports of this tenant only; compared byte for byte
  std::string url;     ///< must satisfy the registry's `AddressPolicy`
  std::string description;

  /// Fires for imports of this mode only.
  bool development_mode = false;

  /// The triggers: an import fires the webhook if its import identifier is in the first list or its
  /// saved schema in the second, compared byte for byte. With `all_imports` every import of the
  /// tenant and mode does, and both lists must be empty. Having no trigger at all is an error.
  std::vector<std::string> import_identifiers;
  std::vector<std::string> saved_schema_ids;
  bool all_imports = false;

  /// Only these events; empty means all.
  std::vector<Event> events;

  /// Sent with every request, beside those that hookline sets. Values are no secrets: they stand in
  /// `to_json`; credentials belong in `basic_auth` or `bearer_token`. Names follow RFC 9110; those
  /// that belong to the message itself (`host`, `content-*`, `webhook-*`, …) are refused.
  std::vector<HttpHeader> headers;

  /// At most one of the two becomes the `authorization` header.
  std::optional<BasicCredentials> basic_auth;
  std::optional<Secret> bearer_token;

  /// Shown to a receiver that asks for one (mutual TLS), so its URL must be https. The key must be
  /// that of the first certificate. Whether it is in date is not looked at.
  std::optional<ClientCertificate> client_certificate;

  /// Standard Webhooks secrets (`whsec_…`, `whsk_…`). Each one signs every request: during a
  /// rotation there are two. Without any, requests carry no signature.
  std::vector<Secret> secrets;

  /// Requests to this webhook at the same time; absent: as the dispatcher is configured.
  std::optional<std::uint32_t> max_in_flight;

  /// Requests a second, each at least a second divided by this after the one before: 0.001 to
  /// 1,000; absent: no limit. It counts for each dispatcher by itself.
  std::optional<double> rate_limit;

  Ordering ordering = Ordering::none;

  /// The delay before each try, the first one included; absent: as the dispatcher is configured.
  std::optional<std::vector<std::chrono::milliseconds>> retry_schedule;

  WebhookState state = WebhookState::enabled;
  std::string disabled_reason;  ///< why it is disabled; empty in other states

  // Kept by the registry; what the caller puts here is ignored, but for `revision` in `update`.
  std::chrono::system_clock::time_point created_at{};
  std::chrono::system_clock::time_point updated_at{};
  std::uint64_t revision = 0;  ///< grows with every change; `update` wants the one it was read with
};

}  // namespace hookline
