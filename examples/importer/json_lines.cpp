#include "importer/json_lines.hpp"

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <string_view>

namespace importer {
namespace {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

void put(Writer& json, const char* key, std::string_view text) {
  json.Key(key);
  json.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

void put_or_null(Writer& json, const char* key, std::string_view text) {
  if (!text.empty()) return put(json, key, text);
  json.Key(key);
  json.Null();
}

std::string line(const rapidjson::StringBuffer& buffer) {
  return std::string(buffer.GetString(), buffer.GetSize()) + '\n';
}

}  // namespace

std::string accepted_line(const hookline::DispatchReceipt& receipt) {
  rapidjson::StringBuffer buffer;
  Writer json(buffer);
  json.StartObject();
  put(json, "import", receipt.import_id);
  put(json, "event", to_string(receipt.event));
  put(json, "message", receipt.message_id);
  json.Key("deliveries");
  json.Uint64(receipt.deliveries.size());
  json.EndObject();
  return line(buffer);
}

std::string outcome_line(const hookline::Delivery& delivery) {
  rapidjson::StringBuffer buffer;
  Writer json(buffer);
  json.StartObject();
  put(json, "message", delivery.message_id);
  put_or_null(json, "webhook", delivery.webhook_id);
  put_or_null(json, "url", delivery.url);
  put(json, "status", to_string(delivery.status));
  json.Key("attempts");
  json.Uint(delivery.attempts);
  json.Key("http_status");
  delivery.http_status ? json.Int(*delivery.http_status) : json.Null();
  put_or_null(json, "error", delivery.error);
  json.EndObject();
  return line(buffer);
}

}  // namespace importer
