#pragma once

#include <string>
#include <string_view>

#include "hookline/export.hpp"

namespace hookline {

/// What went wrong, for programs. A code keeps its number and its meaning for ever; new ones are
/// added with new numbers.
enum class ErrorCode : int {
  // The import that was dispatched.
  invalid_import = 100,      ///< a field of `Import` cannot be used
  no_event_for_state = 101,  ///< the import's state raises no event
  invalid_headless = 102,    ///< the headless document is missing, misplaced, broken or hostile
  body_too_large = 103,      ///< the body would be over its limit
  invalid_idempotency_key = 104,
  idempotency_conflict = 105,  ///< the key was used for another import of the tenant

  // The registry.
  invalid_webhook = 200,            ///< one or more fields of `Webhook`; the message names them all
  webhook_exists = 201,             ///< `add` of an id that is taken
  webhook_not_found = 202,          ///< no webhook has this id
  revision_conflict = 203,          ///< `update` of a webhook that has changed since it was read
  invalid_registry_document = 204,  ///< the JSON form of a registry cannot be read
  webhook_not_enabled = 205,  ///< it is paused or disabled, and what was asked needs it enabled

  // Addresses.
  invalid_url = 300,      ///< not a URL that hookline understands
  address_refused = 301,  ///< a URL, name, port or address that the `AddressPolicy` refuses
  invalid_address_policy = 302,

  // Secrets and signatures.
  invalid_secret = 400,
  invalid_message_id = 401,
  invalid_timestamp = 402,
  timestamp_too_old = 403,
  timestamp_too_new = 404,
  invalid_signature = 405,    ///< the header is malformed, or no signature in it matches
  invalid_sealing_key = 406,  ///< a key for webhooks at rest cannot be used
  sealing_key_missing = 407,  ///< a webhook is sealed with a key that was not given

  // The store.
  store_full = 500,    ///< accepting more would go over the store's limits
  store_failed = 501,  ///< the store could not read or write; the message says why
  delivery_not_found = 502,
  invalid_query = 503,
  quota_exceeded = 504,  ///< more may not wait, in all or for this tenant; see `Quotas`
  commit_unknown = 505,  ///< the disk failed under a commit: it may have taken place or not
  body_dropped = 506,    ///< the delivery is on record, but its body is not kept any more

  // The dispatcher.
  invalid_options = 600,
  shut_down = 601,      ///< the dispatcher has been shut down
  system_failed = 602,  ///< the operating system refused something (a thread, memory for curl)
  forked = 603,         ///< the dispatcher belongs to the process that this one was forked from
  overloaded = 604      ///< too much waits already; try again later
};

/// The name of a code, as it stands in `ErrorCode`.
[[nodiscard]] HOOKLINE_API std::string_view to_string(ErrorCode code);

/// Why something failed. The message is one line for people: it names the field, shows the value in
/// short and says the way out. It never contains a secret, a query string or a body.
struct Error {
  ErrorCode code = ErrorCode::invalid_import;
  std::string message;
};

}  // namespace hookline
