#include "common/delivery_json.hpp"

namespace examples {

void put_standing(Json& json, const hookline::Delivery& delivery) {
  json.text("message", delivery.message_id);
  json.text_or_null("webhook", delivery.webhook_id);
  json.text_or_null("url", delivery.url);
  json.text("status", to_string(delivery.status));
  json.number("attempts", delivery.attempts);
  json.number_or_null("http_status", delivery.http_status);
  json.text_or_null("error", delivery.error);
}

}  // namespace examples
