#include "hookline/error.hpp"

namespace hookline {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_import:
      return "invalid_import";
    case ErrorCode::no_event_for_state:
      return "no_event_for_state";
    case ErrorCode::invalid_headless:
      return "invalid_headless";
    case ErrorCode::body_too_large:
      return "body_too_large";
    case ErrorCode::invalid_idempotency_key:
      return "invalid_idempotency_key";
    case ErrorCode::idempotency_conflict:
      return "idempotency_conflict";
    case ErrorCode::invalid_webhook:
      return "invalid_webhook";
    case ErrorCode::webhook_exists:
      return "webhook_exists";
    case ErrorCode::webhook_not_found:
      return "webhook_not_found";
    case ErrorCode::revision_conflict:
      return "revision_conflict";
    case ErrorCode::invalid_registry_document:
      return "invalid_registry_document";
    case ErrorCode::webhook_not_enabled:
      return "webhook_not_enabled";
    case ErrorCode::invalid_url:
      return "invalid_url";
    case ErrorCode::address_refused:
      return "address_refused";
    case ErrorCode::invalid_address_policy:
      return "invalid_address_policy";
    case ErrorCode::invalid_secret:
      return "invalid_secret";
    case ErrorCode::invalid_message_id:
      return "invalid_message_id";
    case ErrorCode::invalid_timestamp:
      return "invalid_timestamp";
    case ErrorCode::timestamp_too_old:
      return "timestamp_too_old";
    case ErrorCode::timestamp_too_new:
      return "timestamp_too_new";
    case ErrorCode::invalid_signature:
      return "invalid_signature";
    case ErrorCode::invalid_sealing_key:
      return "invalid_sealing_key";
    case ErrorCode::sealing_key_missing:
      return "sealing_key_missing";
    case ErrorCode::store_full:
      return "store_full";
    case ErrorCode::store_failed:
      return "store_failed";
    case ErrorCode::delivery_not_found:
      return "delivery_not_found";
    case ErrorCode::invalid_query:
      return "invalid_query";
    case ErrorCode::quota_exceeded:
      return "quota_exceeded";
    case ErrorCode::commit_unknown:
      return "commit_unknown";
    case ErrorCode::body_dropped:
      return "body_dropped";
    case ErrorCode::invalid_options:
      return "invalid_options";
    case ErrorCode::shut_down:
      return "shut_down";
    case ErrorCode::system_failed:
      return "system_failed";
    case ErrorCode::forked:
      return "forked";
    case ErrorCode::overloaded:
      return "overloaded";
  }
  return "unknown";
}

}  // namespace hookline
