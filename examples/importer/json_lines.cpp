#include "importer/json_lines.hpp"

#include "common/delivery_json.hpp"
#include "common/json.hpp"

namespace importer {

std::string accepted_line(const hookline::DispatchReceipt& receipt) {
  examples::Json json;
  json.begin_object();
  json.text("import", receipt.import_id);
  json.text("event", to_string(receipt.event));
  json.text("message", receipt.message_id);
  json.number("deliveries", receipt.deliveries.size());
  json.end_object();
  return json.line();
}

std::string outcome_line(const hookline::Delivery& delivery) {
  examples::Json json;
  json.begin_object();
  put_standing(json, delivery);
  json.end_object();
  return json.line();
}

}  // namespace importer
